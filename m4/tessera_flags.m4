# TESSERA_TRY_CFLAG(FLAG, VARIABLE): adds FLAG to VARIABLE when $CC takes it.
AC_DEFUN([TESSERA_TRY_CFLAG], [
	AC_MSG_CHECKING([whether $CC takes $1])
	tessera_saved="$CFLAGS"
	CFLAGS="$CFLAGS -Werror $1"
	AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <stdio.h>]],
	    [[printf("%d", getchar());]])],
	    [AC_MSG_RESULT([yes])
	     $2="$$2 $1"],
	    [AC_MSG_RESULT([no])])
	CFLAGS="$tessera_saved"
])

# TESSERA_TRY_LDFLAG(FLAG, VARIABLE): likewise for the linker.
AC_DEFUN([TESSERA_TRY_LDFLAG], [
	AC_MSG_CHECKING([whether the linker takes $1])
	tessera_saved="$LDFLAGS"
	LDFLAGS="$LDFLAGS $1"
	AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
	    [AC_MSG_RESULT([yes])
	     $2="$$2 $1"],
	    [AC_MSG_RESULT([no])])
	LDFLAGS="$tessera_saved"
])

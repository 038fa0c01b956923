/* The symbol is a function, as older plugin systems have it. */
#include "mortise/abi/base.h"
MORTISE_EXPORT int mortise_module_v1(void);
int mortise_module_v1(void) { return 1; }

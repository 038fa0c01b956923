/* Keeps its promises but for one: nothing else is exported. */
#include "promise.h"
MORTISE_EXPORT int helper(void);
int helper(void) { return 1; }

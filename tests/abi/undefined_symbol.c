/* Needs a library that is not there. */
extern int missing_function(void);
__attribute__((constructor)) static void uses_it(void) { (void)missing_function(); }
#include "promise.h"

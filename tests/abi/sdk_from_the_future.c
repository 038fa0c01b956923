/* Says so in its manifest; must be refused before any of its code runs. */
#include <stdlib.h>
#define MANIFEST "{\"mortise_manifest\":1,\"module\":{\"name\":\"tested\",\"version\":\"1\",\"sdk\":1.7}}"
#include "promise.h"
__attribute__((constructor)) static void runs_when_loaded(void) { abort(); }

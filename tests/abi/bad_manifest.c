/* Not JSON. */
#define MANIFEST "{\"mortise_manifest\":1,\"module\":"
#include "promise.h"

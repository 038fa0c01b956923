/* A manifest format that this kernel can't read. */
#define MANIFEST "{\"mortise_manifest\":2,\"module\":{}}"
#include "promise.h"

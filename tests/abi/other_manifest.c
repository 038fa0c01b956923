/* Shows one manifest in the file and another once loaded. */
static const char kOther[] = "{\"mortise_manifest\":1,\"module\":{\"name\":\"other\"}}";
#define MANIFEST_POINTER kOther
#include "promise.h"

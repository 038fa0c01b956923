/* JSON, but not a manifest. */
#define MANIFEST "{\"mortise_manifest\":1,\"module\":{\"version\":\"1.0.0\",\"sdk\":\"1.0\"}}"
#include "promise.h"

/* Its contract has an operation without a handler. */
#define MANIFEST MANIFEST_OF("tested", "", OPERATION("hello") "," OPERATION("goodbye"))
#include "promise.h"

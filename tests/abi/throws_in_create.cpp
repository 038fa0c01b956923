// Throws an int instead of an exception object.
#include "mortise/abi/module.h"
static mortise_status throws(mortise_host*, void**, mortise_error*) { throw 42; }
#define CREATE throws
#include "promise.h"

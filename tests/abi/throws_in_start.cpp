// Lets an exception out of start.
#include <stdexcept>
#include "mortise/abi/module.h"
static mortise_status throws(void*, mortise_error*) { throw std::runtime_error("no disk"); }
#define START throws
#include "promise.h"

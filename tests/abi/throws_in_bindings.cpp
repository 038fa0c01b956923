// Throws before it was even created.
#include "mortise/abi/module.h"
static void throws(void*, void (*)(void*, char, mortise_str), void*) { throw 42; }
#define BINDINGS throws
#include "promise.h"

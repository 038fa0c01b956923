/* Binds an operation that no contract has. */
#include "mortise/abi/module.h"
static void lists_too_much(void* self, void (*each)(void*, char, mortise_str), void* context) {
  mortise_str hello = {"hello", 5}, hallo = {"hallo", 5};
  (void)self;
  each(context, 'o', hello);
  each(context, 'o', hallo);
}
#define BINDINGS lists_too_much
#include "promise.h"

/* The manifest lies where the kernel can't find it without loading the file. */
#define SECTION ".rodata.elsewhere"
#include "promise.h"

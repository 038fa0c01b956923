/* The manifest is in a section that the kernel can't find without loading the file. */
#define SECTION ".rodata.elsewhere"
#include "promise.h"

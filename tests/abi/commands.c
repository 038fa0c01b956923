/* Keeps every promise, with commands. */
#include "mortise/abi/command.h"
#include "mortise/abi/module.h"

#include <string.h>

static int is(mortise_str name, const char* other) {
  return name.size == strlen(other) && memcmp(name.data, other, name.size) == 0;
}

/* greet: writes the argument `name`. status: ends with `code`. fail: fails. wait: until it is to stop. */
static mortise_status run_command(void* self, mortise_str name, mortise_command* command, int32_t* exit_status,
                                  mortise_error* error) {
  (void)self;
  mortise_value value;
  if (is(name, "greet")) {
    if (command->argument(command, (mortise_str){"name", 4}, &value) != MORTISE_OK) return MORTISE_FAILED;
    command->write(command, (mortise_str){"hello ", 6});
    command->write(command, value.as.text);
    command->write_error(command, (mortise_str){"said\n", 5});
    return MORTISE_OK;
  }
  if (is(name, "status")) {
    if (command->argument(command, (mortise_str){"code", 4}, &value) != MORTISE_OK) return MORTISE_FAILED;
    *exit_status = (int32_t)value.as.integer;
    return MORTISE_OK;
  }
  if (is(name, "wait")) {
    while (command->stopped(command) == 0) command->write(command, (mortise_str){".", 1});
    return MORTISE_OK;
  }
  strcpy(error->code, "no_paper");
  strcpy(error->text, "there is no paper");
  return MORTISE_UNAVAILABLE;
}

static void bindings(void* self, void (*each)(void*, char, mortise_str), void* context) {
  static const char* const kNames[] = {"greet", "status", "wait", "fail"};
  (void)self;
  for (size_t i = 0; i < sizeof kNames / sizeof kNames[0]; ++i)
    each(context, 'c', (mortise_str){kNames[i], strlen(kNames[i])});
}

#define RUN_COMMAND run_command
#define BINDINGS bindings
#define HANDLE NULL
#define MANIFEST                                                                                                      \
  MANIFEST_OF(                                                                                                        \
      "commanded",                                                                                                    \
      ",\"commands\":{\"greet\":{\"help\":\"Greets\",\"arguments\":{\"name\":{\"type\":\"string\",\"help\":\"Whom\"," \
      "\"required\":true,\"positional\":true}}},\"status\":{\"help\":\"Ends\",\"arguments\":{\"code\":{\"type\":"     \
      "\"integer\",\"help\":\"How\",\"default\":\"0\"}}},\"wait\":{\"help\":\"Waits\"},\"fail\":{\"help\":"           \
      "\"Fails\"}}",                                                                                                  \
      "")
#include "promise.h"

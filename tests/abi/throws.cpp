// Comes up well; each of its handlers breaks the rule in another way.
#include <stdexcept>
#include <string>
#include "mortise/abi/module.h"
static mortise_status throws(void*, mortise_str operation, mortise_call*) {
  const std::string id(operation.data, operation.size);
  if (id == "throwsException") throw std::runtime_error("disk on fire");
  if (id == "throwsInt") throw 42;
  if (id == "fails") return MORTISE_UNAVAILABLE;
  if (id == "inventsStatus") return static_cast<mortise_status>(4711);
  return MORTISE_OK;  // "silent": without an answer
}
static mortise_status throwsInJob(void*, mortise_str, mortise_run*, mortise_error*) {
  throw std::runtime_error("no broom");
}
static void throwsInStop(void*) { throw 42; }
static const void* throwsInLookup(void*, mortise_str) { throw 42; }
static void lists(void*, void (*each)(void*, char, mortise_str), void* context) {
  for (const char* id : {"throwsException", "throwsInt", "fails", "inventsStatus", "silent"})
    each(context, 'o', {id, std::char_traits<char>::length(id)});
  each(context, 'j', {"sweep", 5});
}
#define HANDLE throws
#define RUN_JOB throwsInJob
#define STOP throwsInStop
#define DESTROY throwsInStop
#define LOOKUP throwsInLookup
#define BINDINGS lists
#define MANIFEST                                                                                            \
  MANIFEST_OF("throws", ",\"provides\":[\"throws.nothing/1\"],\"jobs\":{\"sweep\":{\"help\":\"Sweep\"}}",   \
              OPERATION("throwsException") "," OPERATION("throwsInt") "," OPERATION("fails") "," OPERATION( \
                  "inventsStatus") "," OPERATION("silent"))
#include "promise.h"

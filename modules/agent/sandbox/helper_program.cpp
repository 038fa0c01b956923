#include "helper_program.hpp"

// AGENT_HELPER_FILE comes from CMakeLists.txt.
asm(".section .rodata\n"
    ".balign 16\n"
    ".local agent_helper_begin\n"
    ".local agent_helper_end\n"
    "agent_helper_begin: .incbin \"" AGENT_HELPER_FILE
    "\"\n"
    "agent_helper_end: .byte 0\n"
    ".previous\n");
extern "C" {
__attribute__((visibility("hidden"))) extern const char agent_helper_begin[];
__attribute__((visibility("hidden"))) extern const char agent_helper_end[];
}

namespace agent::sandbox {

std::string_view helperProgram() {
  return {agent_helper_begin, static_cast<std::size_t>(agent_helper_end - agent_helper_begin)};
}

}  // namespace agent::sandbox

// One loaded module file: opened only after its manifest passed, checked before any of its functions is called.
#pragma once

#include <memory>
#include <string>

#include "mortise/abi/module.h"

namespace mortise::plugin {

struct Manifest;

class Library {
 public:
  // dlopen (RTLD_NOW | RTLD_LOCAL), then checks the descriptor and the loaded manifest against `manifest`. Throws
  // Refusal; the file is closed again then.
  static std::shared_ptr<const Library> open(const std::string& path, const Manifest& manifest);
  ~Library();  // dlclose
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  const mortise_module& module() const { return *module_; }

 private:
  Library();
  struct Handle;
  std::unique_ptr<Handle> handle_;
  const mortise_module* module_ = nullptr;
};

// Whether it has a function for commands, which modules of SDK 1.0 do not know.
bool runsCommands(const mortise_module& module);
// The check of Library::open on a descriptor that is already in memory. Throws Refusal.
void checkDescriptor(const mortise_module* module, const Manifest& manifest);
// Compares what a created module (`self`) has code for with its contracts, jobs and commands. Throws Refusal that names both
// sides.
void checkBindings(const mortise_module& module, void* self, const Manifest& manifest);

}  // namespace mortise::plugin

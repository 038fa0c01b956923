// One loaded module file: opened only after its manifest passed, checked before any of its functions but `bindings` is called.
#pragma once

#include <memory>
#include <string>

#include "core/plugin/manifest.hpp"
#include "mortise/abi/module.h"

namespace mortise::plugin {

class Library {
 public:
  // dlopen (RTLD_NOW | RTLD_LOCAL), then checks the descriptor, the loaded manifest against `manifest`, and the bindings against its
  // contracts and jobs (unless told to leave that out). Throws Refusal; the file is closed again then.
  enum class Bindings { check, leave };
  static std::shared_ptr<const Library> open(const std::string& path, const Manifest& manifest, Bindings bindings = Bindings::check);
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

// The checks of Library::open on a descriptor that is already in memory. Throw Refusal.
void checkDescriptor(const mortise_module* module, const Manifest& manifest);
void checkBindings(const mortise_module& module, const Manifest& manifest);

}  // namespace mortise::plugin

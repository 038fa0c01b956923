// For the tests of this folder: the folder of the faulty modules, scratch directories, and how far a file loads.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "core/plugin/library.hpp"
#include "core/plugin/manifest.hpp"
#include "core/plugin/module_instance.hpp"
#include "core/plugin/registry.hpp"

namespace mortise::plugin::testing {

inline std::string moduleFile(const std::string& name) { return std::string(MORTISE_ABI_MODULES) + "/" + name + ".so"; }

class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "mortise-plugin-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = pattern;
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline std::shared_ptr<const Manifest> manifestOf(const std::string& json) {
  return std::make_shared<const Manifest>(Manifest::parse(json, "test.so"));
}

}  // namespace mortise::plugin::testing

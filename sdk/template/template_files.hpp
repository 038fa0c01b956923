// The files under sdk/template/module, compiled in. Private to this folder.
#pragma once

#include <string_view>
#include <vector>

namespace mortise::project {

struct TemplateFile {
  std::string_view path;  // relative, with @name@ in it
  std::string_view text;  // with @name@ and @Name@ in it
};
const std::vector<TemplateFile>& templateFiles();

}  // namespace mortise::project

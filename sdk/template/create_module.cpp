#include "sdk/template/create_module.hpp"

#include <fstream>
#include <stdexcept>
#include <utility>

#include "sdk/embed/rules.hpp"
#include "sdk/template/template_files.hpp"

namespace mortise::project {
namespace {

namespace fs = std::filesystem;

// daily_notes -> DailyNotes
std::string className(std::string_view name) {
  std::string out;
  bool up = true;
  for (const char c : name) {
    if (c == '_') {
      up = true;
      continue;
    }
    out += up && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    up = false;
  }
  return out;
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

}  // namespace

std::vector<std::string> createModule(std::string_view name, const fs::path& directory) {
  if (!embed::isModuleName(name)) {
    throw std::runtime_error(
        "\"" + std::string(name) +
        "\" cannot name a module: write 2 to 31 lower-case letters, digits and _, beginning with a letter");
  }
  if (fs::exists(directory) && (!fs::is_directory(directory) || !fs::is_empty(directory))) {
    throw std::runtime_error(directory.string() + " is there already and not an empty folder; name another one");
  }
  std::vector<std::string> written;
  for (const auto& file : templateFiles()) {
    const auto fill = [&](std::string_view text) {
      return replaced(replaced(std::string(text), "@name@", name), "@Name@", className(name));
    };
    const auto path = directory / fill(file.path);
    fs::create_directories(path.parent_path());
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << fill(file.text);
    out.close();
    if (!out) throw std::runtime_error(path.string() + ": cannot be written; check that the disk has room");
    written.push_back(fill(file.path));
  }
  return written;
}

}  // namespace mortise::project

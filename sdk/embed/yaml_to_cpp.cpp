// mortise_yaml_to_cpp NAMESPACE NAME IN.yaml FILE_NAME OUT.cpp: writes a C++ source that defines
//   extern const std::string_view NAMESPACE::NAME (the JSON) and extern const std::vector<std::pair<std::string, int>>
//   NAMESPACE::NAMELines.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "sdk/embed/yaml_to_json.hpp"

namespace {

// Octal escapes in short pieces: no raw-string delimiter to collide with, no literal too long for a compiler.
void writeLiteral(std::ostream& out, const std::string& text) {
  constexpr std::size_t kPiece = 120;
  out << "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i != 0 && i % kPiece == 0) out << "\"\n    \"";
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out << '\\' << c;
    } else if (byte >= 0x20 && byte < 0x7f && c != '?') {
      out << c;
    } else {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\%03o", byte);
      out << escaped;
    }
  }
  out << "\"";
}

int run(char** argument) {
  const std::string space = argument[1], name = argument[2], in = argument[3], fileName = argument[4],
                    outName = argument[5];
  std::ifstream file(in, std::ios::binary);
  if (!file) throw std::runtime_error(in + ": cannot be read");
  std::stringstream yaml;
  yaml << file.rdbuf();
  std::vector<std::pair<std::string, int>> lines;
  const std::string json = mortise::embed::yamlToJson(yaml.str(), fileName, &lines);

  std::ofstream out(outName, std::ios::binary | std::ios::trunc);
  out << "// Made from " << fileName
      << "; edit that file.\n#include <string>\n#include <string_view>\n#include <utility>\n#include <vector>\n\n";
  out << "namespace " << space << " {\n\nextern const std::string_view " << name << ";\nconst std::string_view " << name
      << "(\n    ";
  writeLiteral(out, json);
  out << ",\n    " << json.size() << ");\n\nextern const std::vector<std::pair<std::string, int>> " << name
      << "Lines;\nconst std::vector<std::pair<std::string, int>> " << name << "Lines = {\n";
  for (const auto& [id, line] : lines) {
    out << "    {";
    writeLiteral(out, id);
    out << ", " << line << "},\n";
  }
  out << "};\n\n}  // namespace " << space << "\n";
  out.close();
  if (!out) throw std::runtime_error(outName + ": cannot be written");
  return 0;
}

}  // namespace

int main(int count, char** argument) {
  if (count != 6) {
    std::cerr << "usage: mortise_yaml_to_cpp NAMESPACE NAME IN.yaml FILE_NAME OUT.cpp\n";
    return 2;
  }
  try {
    return run(argument);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}

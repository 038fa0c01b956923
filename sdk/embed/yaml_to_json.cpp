#include "sdk/embed/yaml_to_json.hpp"

#include "sdk/embed/json_text.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdio>
#include <set>
#include <sstream>
#include <stdexcept>

namespace mortise::embed {
namespace {

constexpr int kDepth = 64;
constexpr std::size_t kMaxBytes = std::size_t{64} << 20;  // aliases can make a small file huge

[[noreturn]] void fail(const std::string& file, const YAML::Mark& mark, const std::string& reason) {
  throw std::runtime_error(file + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1) + ": " +
                           reason);
}

bool allOf(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

constexpr std::string_view kDigits = "0123456789";

std::string withoutLeadingZeros(std::string_view digits) {
  const auto first = digits.find_first_not_of('0');
  return first == std::string_view::npos ? "0" : std::string(digits.substr(first));
}

// The JSON spelling of a core-schema integer, or empty.
std::string integer(std::string_view text) {
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'o' || text[1] == 'x')) {
    const bool octal = text[1] == 'o';
    const auto digits = text.substr(2);
    if (!allOf(digits, octal ? "01234567" : "0123456789abcdefABCDEF") || digits.size() > 15) return {};
    return std::to_string(std::stoull(std::string(digits), nullptr, octal ? 8 : 16));
  }
  const bool negative = !text.empty() && text[0] == '-';
  if (negative || (!text.empty() && text[0] == '+')) text.remove_prefix(1);
  if (!allOf(text, kDigits)) return {};
  const auto digits = withoutLeadingZeros(text);
  return negative && digits != "0" ? "-" + digits : digits;
}

// The JSON spelling of a core-schema float, or empty.
std::string floating(std::string_view text) {
  std::string out;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    if (text[0] == '-') out = "-";
    text.remove_prefix(1);
  }
  std::string_view exponent;
  if (const auto e = text.find_first_of("eE"); e != std::string_view::npos) {
    exponent = text.substr(e + 1);
    text = text.substr(0, e);
    const auto digits = !exponent.empty() && (exponent[0] == '-' || exponent[0] == '+') ? exponent.substr(1) : exponent;
    if (!allOf(digits, kDigits)) return {};
  }
  const auto dot = text.find('.');
  const auto whole = text.substr(0, dot);
  const auto fraction = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
  if (whole.empty() && fraction.empty()) return {};
  if ((!whole.empty() && !allOf(whole, kDigits)) || (!fraction.empty() && !allOf(fraction, kDigits))) return {};
  out += whole.empty() ? "0" : withoutLeadingZeros(whole);
  out += '.';
  out += fraction.empty() ? "0" : std::string(fraction);
  if (!exponent.empty()) out.append("e").append(exponent);
  return out;
}

class Converter {
 public:
  explicit Converter(const std::string& file, const std::vector<std::string>& leftOut = {})
      : file_(file), leftOut_(leftOut) {}

  void value(const YAML::Node& node, int depth) {
    if (depth > kDepth)
      fail(file_, node.Mark(), "nested deeper than " + std::to_string(kDepth) + ": an alias may refer to itself");
    if (out_.size() > kMaxBytes) fail(file_, node.Mark(), "larger than 64 MiB once its aliases are written out");
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        return scalar(node);
      case YAML::NodeType::Sequence:
        return sequence(node, depth);
      case YAML::NodeType::Map:
        return map(node, depth);
      case YAML::NodeType::Null:
      case YAML::NodeType::Undefined:
        out_ += "null";
        return;
    }
  }

  std::string take() { return std::move(out_); }

 private:
  void scalar(const YAML::Node& node) {
    const std::string& text = node.Scalar();
    const std::string& tag = node.Tag();
    if (tag == "!" || tag == "tag:yaml.org,2002:str") return quote(text);
    if (tag != "?" && !tag.empty()) {
      fail(file_, node.Mark(), "tag " + tag + " is not supported: write the value without a tag");
    }
    if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
      out_ += "null";
    } else if (text == "true" || text == "True" || text == "TRUE") {
      out_ += "true";
    } else if (text == "false" || text == "False" || text == "FALSE") {
      out_ += "false";
    } else if (const auto number = integer(text); !number.empty()) {
      out_ += number;
    } else if (const auto real = floating(text); !real.empty()) {
      out_ += real;
    } else if (infinite(text)) {
      fail(file_, node.Mark(), text + " has no JSON form: quote it or write a number");
    } else {
      quote(text);
    }
  }

  static bool infinite(std::string_view text) {
    if (text == ".nan" || text == ".NaN" || text == ".NAN") return true;
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
    return text == ".inf" || text == ".Inf" || text == ".INF";
  }

  void sequence(const YAML::Node& node, int depth) {
    out_ += '[';
    bool first = true;
    for (const auto& item : node) {
      if (!first) out_ += ',';
      first = false;
      value(item, depth + 1);
    }
    out_ += ']';
  }

  void map(const YAML::Node& node, int depth) {
    out_ += '{';
    std::set<std::string> seen;
    bool first = true;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) fail(file_, entry.first.Mark(), "a key must be plain text");
      const std::string& key = entry.first.Scalar();
      if (key == "<<" && entry.first.Tag() == "?")
        fail(file_, entry.first.Mark(), "merge keys (<<) are not part of YAML 1.2: write the members out");
      if (!seen.insert(key).second)
        fail(file_, entry.first.Mark(), "repeated key \"" + key + "\": keep one of the two");
      if (std::find(leftOut_.begin(), leftOut_.end(), key) != leftOut_.end()) continue;
      if (!first) out_ += ',';
      first = false;
      quote(key);
      out_ += ':';
      value(entry.second, depth + 1);
    }
    out_ += '}';
  }

  void quote(const std::string& text) { out_ += jsonText(text); }

  const std::string& file_;
  const std::vector<std::string> leftOut_;
  std::string out_;
};

void collectLines(const YAML::Node& root, std::vector<std::pair<std::string, int>>& lines) {
  if (!root.IsMap()) return;
  const YAML::Node paths = root["paths"];
  if (!paths || !paths.IsMap()) return;
  for (const auto& path : paths) {
    if (!path.second.IsMap()) continue;
    for (const auto& method : path.second) {
      if (!method.second.IsMap()) continue;
      const YAML::Node id = method.second["operationId"];
      if (id && id.IsScalar()) lines.emplace_back(id.Scalar(), method.first.Mark().line + 1);
    }
  }
}

// yaml-cpp replaces bad bytes silently; a contract with U+FFFD in it is never what was meant.
void refuseBadUtf8(std::string_view text, const std::string& file) {
  YAML::Mark mark;
  mark.line = 0;
  mark.column = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::size_t size = byte < 0x80                   ? 1
                             : byte >= 0xc2 && byte < 0xe0 ? 2
                             : byte >= 0xe0 && byte < 0xf0 ? 3
                             : byte >= 0xf0 && byte < 0xf5 ? 4
                                                           : 0;
    bool good = size != 0 && i + size <= text.size() && byte != 0;
    for (std::size_t k = 1; good && k < size; ++k) good = (static_cast<unsigned char>(text[i + k]) & 0xc0) == 0x80;
    if (!good) fail(file, mark, "not UTF-8 text: save the file as UTF-8");
    ++mark.column;
    if (byte == '\n') ++mark.line, mark.column = 0;
    i += size;
  }
}

class Ignore final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

// 0, 1 or 2 for more. Not YAML::LoadAll: on a stray ',' it makes empty documents until the memory is gone.
int countDocuments(std::string_view yaml) {
  std::istringstream stream{std::string(yaml)};
  YAML::Parser parser(stream);
  Ignore ignore;
  int count = 0;
  while (count < 2 && parser.HandleNextDocument(ignore)) ++count;
  return count;
}

}  // namespace

std::string yamlToJson(std::string_view yaml, const std::string& fileName,
                       std::vector<std::pair<std::string, int>>* operationLines) {
  refuseBadUtf8(yaml, fileName);
  try {
    YAML::Mark start;
    start.line = 0;
    start.column = 0;
    const int documents = countDocuments(yaml);
    if (documents == 0) fail(fileName, start, "the file is empty: expected one YAML document");
    if (documents > 1) fail(fileName, start, "found more than one document: expected one");
    const YAML::Node root = YAML::Load(std::string(yaml));
    Converter converter(fileName);
    converter.value(root, 0);
    if (operationLines != nullptr) collectLines(root, *operationLines);
    return converter.take();
  } catch (const YAML::Exception& error) {
    fail(fileName, error.mark, error.msg);
  }
}

std::string yamlToJson(const YAML::Node& root, const std::string& fileName,
                       std::vector<std::pair<std::string, int>>* operationLines,
                       const std::vector<std::string>& leftOut) {
  try {
    Converter converter(fileName, leftOut);
    converter.value(root, 0);
    if (operationLines != nullptr) collectLines(root, *operationLines);
    return converter.take();
  } catch (const YAML::Exception& error) {
    fail(fileName, error.mark, error.msg);
  }
}

}  // namespace mortise::embed

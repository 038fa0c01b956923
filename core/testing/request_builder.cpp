#include "core/testing/request_builder.hpp"

#include <algorithm>
#include <stdexcept>
#include <string_view>

#include "core/base/text.hpp"
#include "core/contract/parameters.hpp"
#include "core/contract/path_template.hpp"

namespace mortise::testing {
namespace {

using contract::Body;
using contract::In;
using json::Value;

// Longer parameters are refused for the size of the head, before any contract is selected.
constexpr std::size_t kMaxParameter = 4000;

const Value& required(const Value& object, std::string_view name) {
  const auto* value = json::member(object, name);
  if (value == nullptr) throw std::runtime_error("the contract has no " + std::string(name));
  return *value;
}

// JSON as a parameter is written: a text without its quotes, everything else as it is.
std::string plain(const std::string& jsonText) {
  json::Document document;
  json::ParseError error;
  if (!json::parse(jsonText, document, error)) return jsonText;
  return document.IsString() ? std::string(json::view(document)) : jsonText;
}

bool isHeaderText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; }) && !text.empty() &&
         text.front() != ' ' && text.back() != ' ';
}

std::string joined(std::string head, const std::vector<std::string>& location) {
  for (const auto& part : location) head += "/" + part;
  return head;
}

// A text that can't be read as a scalar parameter of this type.
std::string unreadable(std::string_view type) {
  if (type == "integer") return "1.5x";
  if (type == "number") return "one";
  if (type == "boolean") return "perhaps";
  return {};
}

}  // namespace

RequestBuilder::RequestBuilder(const contract::Operation& operation, const Value& document)
    : operation_(operation), cases_(document) {
  const auto& item = required(required(document, "paths"), operation.path);
  const auto& own = required(item, text::lower(operation.method));
  for (const auto& compiled : operation.parameters) {
    const Value* described = nullptr;
    for (const Value* holder : {&item, &own}) {  // an operation's own parameter replaces its path's
      const auto* list = json::member(*holder, "parameters");
      if (list == nullptr) continue;
      for (const auto& reference : list->GetArray()) {
        const auto& one = cases_.resolve(reference);
        if (json::textMember(one, "name") == compiled.name &&
            json::textMember(one, "in") == contract::name(compiled.in))
          described = &one;
      }
    }
    if (described == nullptr) throw std::runtime_error("the contract describes no parameter " + compiled.name);
    const Value& schema = cases_.resolve(required(*described, "schema"));
    const Value& scalar = compiled.repeated ? cases_.resolve(required(schema, "items")) : schema;
    const auto* example = json::member(*described, "example");
    const bool usable = example != nullptr && !example->IsArray();
    parameters_.push_back({&compiled, &schema, plain(usable ? json::toText(*example) : cases_.example(scalar))});
  }
  if (operation.body.kind == Body::Kind::none) return;
  const auto& content = required(cases_.resolve(required(own, "requestBody")), "content");
  const Value* media = &content.MemberBegin()->value;
  std::string type(json::view(content.MemberBegin()->name));
  for (const auto& entry : content.GetObject()) {
    const auto name = text::lower(json::view(entry.name));
    const bool isJson = name == "application/json" || std::string_view(name).ends_with("+json");
    if (operation.body.kind == Body::Kind::json && isJson) media = &entry.value, type = name;
  }
  const auto* schema = json::member(*media, "schema");
  switch (operation.body.kind) {
    case Body::Kind::json:
      contentType_ = "application/json";
      bodySchema_ = schema == nullptr ? nullptr : &cases_.resolve(*schema);
      if (const auto* example = json::member(*media, "example"); example != nullptr) {
        body_ = json::toText(*example);
      } else {
        body_ = bodySchema_ == nullptr ? "{}" : cases_.example(*bodySchema_);
      }
      break;
    case Body::Kind::multipart:
      contentType_ = "multipart/form-data; boundary=b0undary";
      body_ =
          "--b0undary\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.txt\"\r\n"
          "Content-Type: text/plain\r\n\r\nx\r\n--b0undary--\r\n";
      break;
    case Body::Kind::form:
      contentType_ = type;
      body_ = "x=1";
      break;
    case Body::Kind::raw:
    case Body::Kind::none:
      contentType_ = type.find('*') == std::string::npos ? type : "application/octet-stream";
      body_ = "x";
      break;
  }
}

std::string RequestBuilder::prefixOf(const std::string& name) const {
  for (const auto& segment : contract::PathTemplate::parse(operation_.path).segments) {
    if (segment.name == name && segment.kind == contract::PathTemplate::Kind::prefixed) return segment.text;
  }
  return {};
}

std::string RequestBuilder::path(const Texts& replaced) const {
  using Kind = contract::PathTemplate::Kind;
  std::string out;
  for (const auto& segment : contract::PathTemplate::parse(operation_.path).segments) {
    out += '/';
    if (segment.kind == Kind::literal) {
      out += segment.text.empty() ? "" : text::percentEncode(segment.text);
      continue;
    }
    std::string value;
    for (const auto& parameter : parameters_) {
      if (parameter.compiled->in == In::path && parameter.compiled->name == segment.name) value = parameter.example;
    }
    for (const auto& [parameter, text] : replaced) {
      if (parameter->compiled->in == In::path && parameter->compiled->name == segment.name) value = text;
    }
    if (segment.kind == Kind::prefixed && !value.starts_with(segment.text)) value = segment.text + value;
    out += text::percentEncode(value);
  }
  return out.empty() ? "/" : out;
}

HttpRequest RequestBuilder::request(const Texts& replaced, const Parameter* leftOut, const std::string& body) const {
  HttpRequest out{operation_.method, path(replaced), body};
  std::string query;
  const auto add = [&](const Parameter& parameter, const std::string& text) {
    if (parameter.compiled->in == In::query) {
      query +=
          (query.empty() ? "?" : "&") + text::percentEncode(parameter.compiled->name) + "=" + text::percentEncode(text);
    } else if (parameter.compiled->in == In::header) {
      out.headers.push_back(parameter.compiled->name + ": " + text);
    }
  };
  for (const auto& parameter : parameters_) {
    const bool isReplaced =
        std::any_of(replaced.begin(), replaced.end(), [&](const auto& one) { return one.first == &parameter; });
    if (isReplaced || &parameter == leftOut || !parameter.compiled->required) continue;
    add(parameter, parameter.example);
  }
  for (const auto& [parameter, text] : replaced) add(*parameter, text);
  out.path += query;
  if (!body.empty()) out.headers.push_back("Content-Type: " + contentType_);
  if (operation_.webSocket) {
    for (const char* line : {"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="})
      out.headers.emplace_back(line);
  }
  return out;
}

HttpRequest RequestBuilder::valid() const { return request({}, nullptr, body_); }

std::vector<ShapeBreach> RequestBuilder::breaches() const {
  std::vector<ShapeBreach> out;
  for (const auto& parameter : parameters_) breakParameter(parameter, out);
  breakBody(out);
  return out;
}

void RequestBuilder::breakParameter(const Parameter& parameter, std::vector<ShapeBreach>& out) const {
  const auto& compiled = *parameter.compiled;
  if (compiled.in == In::cookie) return;  // the kernel reads no cookie parameters
  if (compiled.lenient) return;           // nothing that is sent is refused
  const auto field = std::string(contract::name(compiled.in)) + "/" + compiled.name;
  const auto add = [&](const std::string& where, const std::string& what, const Texts& texts) {
    out.push_back({where, what, request(texts, nullptr, body_)});
  };
  if (compiled.in != In::path && compiled.required && !compiled.hasFallback)
    out.push_back({field, "left out", request({}, &parameter, body_)});
  if (compiled.in == In::query && !compiled.repeated)
    add(field, "sent twice", {{&parameter, parameter.example}, {&parameter, parameter.example}});
  const Value& schema = compiled.repeated ? cases_.resolve(required(*parameter.schema, "items")) : *parameter.schema;
  const auto type = json::textMember(schema, "type");
  const std::string item = compiled.repeated ? "/0" : "";
  if (const auto text = unreadable(type); !text.empty())
    add(field + item, "not a value of type " + std::string(type), {{&parameter, text}});
  for (const auto& breach : cases_.breaches(schema)) {
    json::Document value;
    json::ParseError error;
    if (!json::parse(breach.json, value, error)) continue;
    // Everything in a URL is text: only values that the type can be read from can exceed a bound.
    const bool sameType = type == "string"    ? value.IsString()
                          : type == "integer" ? value.IsInt64()
                          : type == "number"  ? value.IsNumber()
                                              : false;
    if (!sameType) continue;
    const auto text = plain(breach.json);
    if (text.size() > kMaxParameter) continue;
    if (compiled.in == In::header && !isHeaderText(text)) continue;
    if (compiled.in == In::path) {
      // The path must not match another operation: no empty segment, no dot, no text that completes the path's prefix.
      const auto prefix = prefixOf(compiled.name);
      if (text.empty() || text == "." || text == ".." || text.find('/') != std::string::npos) continue;
      if (!prefix.empty() && !text.starts_with(prefix)) continue;
    }
    add(field + item, breach.what, {{&parameter, text}});
  }
  if (!compiled.repeated) return;
  if (const auto* most = json::member(*parameter.schema, "maxItems"); most != nullptr && most->IsUint64()) {
    const auto many = most->GetUint64() + 1;
    if (many * (parameter.example.size() + compiled.name.size() + 2) < kMaxParameter)
      add(field, "more items than " + std::to_string(many - 1), Texts(many, {&parameter, parameter.example}));
  }
}

void RequestBuilder::breakBody(std::vector<ShapeBreach>& out) const {
  if (operation_.body.kind != Body::Kind::json) return;
  const bool lenient = operation_.body.lenient;  // anything that is no JSON object counts as {}
  if (operation_.body.required && !lenient) out.push_back({"body", "left out", request({}, nullptr, {})});
  if (!lenient) out.push_back({"body/1", "no JSON", request({}, nullptr, "{")});
  if (bodySchema_ == nullptr) return;
  for (const auto& breach : cases_.breaches(*bodySchema_)) {
    if (lenient && breach.json.front() != '{') continue;
    out.push_back({joined("body", breach.location), breach.what, request({}, nullptr, breach.json)});
  }
}

}  // namespace mortise::testing

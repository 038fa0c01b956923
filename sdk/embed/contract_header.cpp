#include "sdk/embed/contract_header.hpp"

#include <algorithm>
#include <set>
#include <string_view>

namespace mortise::embed {
namespace {

using Kind = ContractType::Kind;

constexpr std::size_t kColumns = 120;

// `text` as // lines, broken between words.
std::string comment(const std::string& text, const std::string& indent) {
  if (text.empty()) return {};
  std::string out;
  std::string line = indent + "//";
  std::size_t from = 0;
  while (from < text.size()) {
    const auto end = std::min(text.find(' ', from), text.size());
    const std::string_view word = std::string_view(text).substr(from, end - from);
    if (line.size() + 1 + word.size() > kColumns && line.size() > indent.size() + 2) {
      out += line + "\n";
      line = indent + "//";
    }
    line += " ";
    line += word;
    from = end + 1;
  }
  while (line.back() == '\\') line.pop_back();
  return out + line + "\n";
}

// The first sentence: a comment names a thing, the contract explains it.
std::string firstSentence(const std::string& text) {
  const auto end = text.find(". ");
  return end == std::string::npos ? text : text.substr(0, end + 1);
}

std::string typeName(const ContractType& type, bool isRead);

std::string plainName(const ContractType& type, bool isRead) {
  switch (type.kind) {
    case Kind::text:
      return "std::string";
    case Kind::integer:
      return "std::int64_t";
    case Kind::number:
      return "double";
    case Kind::boolean:
      return "bool";
    case Kind::object:
      return type.object->qualified;
    case Kind::list:
      return "std::vector<" + typeName(*type.element, isRead) + ">";
    case Kind::map:
      return "std::map<std::string, " + typeName(*type.element, isRead) + ">";
    case Kind::any:
      break;
  }
  // A node of the request where only requests have it, else text that is JSON already.
  return isRead ? "mortise::Json" : "mortise::json::Value";
}

// A free-form value is null by itself.
std::string typeName(const ContractType& type, bool isRead) {
  const auto plain = plainName(type, isRead);
  return type.nullable && type.kind != Kind::any ? "std::optional<" + plain + ">" : plain;
}

bool readOnly(const ContractStruct& object) { return object.isRead && !object.isWritten; }

// Inside a struct its own nested ones go by their last name.
std::string inside(const ContractStruct& object, std::string type) {
  const std::string prefix = object.qualified + "::";
  for (auto at = type.find(prefix); at != std::string::npos; at = type.find(prefix, at)) {
    const char before = at == 0 ? '<' : type[at - 1];
    before == '<' || before == ' ' ? void(type.erase(at, prefix.size())) : void(++at);
  }
  return type;
}

std::string declaration(const ContractField& field, const ContractStruct& object) {
  if (field.required || !field.initial.empty()) {
    auto initial = field.initial;
    if (initial.empty() && !field.type.nullable) {
      if (field.type.kind == Kind::integer) initial = "0";
      if (field.type.kind == Kind::number) initial = "0";
      if (field.type.kind == Kind::boolean) initial = "false";
    }
    return inside(object, typeName(field.type, readOnly(object))) + " " + field.name +
           (initial.empty() ? "{}" : " = " + initial) + ";";
  }
  return "mortise::BodyMember<" + inside(object, plainName(field.type, readOnly(object))) + "> " + field.name + "{};";
}

class Writer {
 public:
  Writer(const std::string& module, const Contract& contract) : contract_(contract) {
    space_ = module + "_contract::" + contract.space;
  }

  std::string header() {
    begin();
    for (const auto& object : contract_.structs) define(*object);
    for (const auto& face : contract_.faces) classOf(face);
    return end();
  }

  std::string source() {
    begin();
    for (const auto& object : contract_.structs) functions(*object);
    for (const auto& face : contract_.faces) binding(face);
    return end();
  }

 private:
  void line(const std::string& text) { out_ += text + "\n"; }

  void begin() {
    line("");
    out_ += comment(contract_.file + (contract_.title.empty() ? "" : ": " + contract_.title), "");
    line("namespace " + space_ + " {");
  }
  std::string end() {
    line("");
    line("}  // namespace " + space_);
    return std::move(out_);
  }

  // --- structs

  void define(const ContractStruct& object) {
    if (!defined_.insert(&object).second) return;
    std::set<const ContractStruct*> later;
    dependencies(object, later);
    line("");
    for (const auto* other : later) {
      if (defined_.count(other) == 0) forward(*other);
    }
    structText(object, "");
    declareFunctions(object);
  }

  // Defines what `object` holds by value; collects what it only holds lists of.
  void dependencies(const ContractStruct& object, std::set<const ContractStruct*>& later) {
    for (const auto& field : object.fields) {
      bool inList = false;
      const ContractType* type = &field.type;
      while (type->element) {
        inList = true;
        type = type->element.get();
      }
      if (type->object == nullptr || type->object->qualified != type->object->name) continue;
      inList&& isOpen(*type->object) ? void(later.insert(type->object)) : define(*type->object);
    }
    for (const auto& nested : object.nested) dependencies(*nested, later);
  }
  // Begun and not yet written.
  bool isOpen(const ContractStruct& object) const {
    return defined_.count(&object) != 0 && written_.count(&object) == 0;
  }

  void forward(const ContractStruct& object) { line("struct " + object.name + ";"); }

  void structText(const ContractStruct& object, const std::string& indent) {
    out_ += comment(firstSentence(object.comment), indent);
    line(indent + "struct " + object.name + " {");
    for (const auto& nested : object.nested) structText(*nested, indent + "  ");
    for (const auto& field : object.fields) {
      const auto text = indent + "  " + declaration(field, object);
      const auto note = firstSentence(field.comment);
      if (note.empty()) {
        line(text);
      } else if (text.size() + 4 + note.size() + 1 <= kColumns) {
        line(text + "  // " + note);
      } else {
        out_ += comment(note, indent + "  ");
        line(text);
      }
    }
    line(indent + "};");
    written_.insert(&object);
  }

  static std::string readHead(const ContractStruct& object, bool named) {
    return "void mortiseReadJson(const mortise::Json& from, " + object.qualified + (named ? "& into)" : "&)");
  }
  static std::string appendHead(const ContractStruct& object, bool named) {
    return "void mortiseAppendJson(std::string& out, const " + object.qualified + (named ? "& value)" : "&)");
  }

  void declareFunctions(const ContractStruct& object) {
    if (object.isRead) line(readHead(object, true) + ";");
    line(appendHead(object, true) + ";");
    for (const auto& nested : object.nested) declareFunctions(*nested);
  }

  void functions(const ContractStruct& object) {
    for (const auto& nested : object.nested) functions(*nested);
    const bool empty = object.fields.empty();
    line("");
    if (object.isRead) {
      line(readHead(object, !empty) + " {" + (empty ? "}" : ""));
      for (const auto& field : object.fields)
        line("  mortise::json::readMember(from, \"" + escaped(field.json) + "\", into." + field.name + ");");
      if (!empty) line("}");
    }
    line(appendHead(object, !empty) + " {");
    if (empty) {
      line("  out.append(\"{}\");");
    } else {
      line("  mortise::json::ObjectWriter(out)");
      for (const auto& field : object.fields)
        line("      .member(\"" + escaped(field.json) + "\", value." + field.name + ")");
      line("      .end();");
    }
    line("}");
  }

  static std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    return out;
  }

  // --- classes

  static std::string bodyParameter(const ContractOperation& operation) {
    if (!operation.body) return {};
    auto type = *operation.body;
    type.nullable = operation.bodyOptional;
    return ", const " + typeName(type, true) + "& body";
  }

  void classOf(const ContractFace& face) {
    line("");
    out_ += comment(face.comment, "");
    line("class " + face.name + " : public mortise::Operations {");
    line(" public:");
    bool first = true;
    for (const auto& operation : face.operations) {
      if (!first) line("");
      first = false;
      out_ += comment(operation.comment, "  ");
      const std::string head = operation.answersLater ? "  virtual void " : "  virtual mortise::Reply ";
      const std::string request =
          operation.answersLater ? "mortise::Request& request" : "const mortise::Request& request";
      const std::string whole = head + operation.name + "(" + request + bodyParameter(operation) + ") = 0;";
      if (whole.size() <= kColumns) {
        line(whole);
      } else {
        line(head + operation.name + "(" + request + ",");
        line(std::string(head.size() + operation.name.size() + 1, ' ') + bodyParameter(operation).substr(2) + ") = 0;");
      }
    }
    line("");
    line(" private:");
    line("  void bindOperations(mortise::Bindings& on) final;");
    line("};");
  }

  void binding(const ContractFace& face) {
    line("");
    line("void " + face.name + "::bindOperations(mortise::Bindings& on) {");
    for (const auto& operation : face.operations)
      line("  on.operation(\"" + escaped(operation.id) + "\", this, &" + face.name + "::" + operation.name + ");");
    line("}");
  }

  const Contract& contract_;
  std::string space_;
  std::string out_;
  std::set<const ContractStruct*> defined_, written_;
};

std::string madeFrom(const std::string& module) {
  return "// Made by mortise embed from the contracts of the module " + module + ": change those.\n";
}

}  // namespace

std::string contractHeader(const std::string& module, const std::vector<Contract>& contracts) {
  std::string out = madeFrom(module) + "#pragma once\n\n#include <mortise/contract.hpp>\n";
  for (const auto& contract : contracts) out += Writer(module, contract).header();
  return out;
}

std::string contractSource(const std::string& module, const std::string& headerName,
                           const std::vector<Contract>& contracts) {
  std::string out = madeFrom(module) + "#include \"" + headerName + "\"\n";
  for (const auto& contract : contracts) out += Writer(module, contract).source();
  return out;
}

}  // namespace mortise::embed

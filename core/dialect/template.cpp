// A third party's dialect as data: one JSON template for success, one for errors.
#include <stdexcept>
#include <utility>
#include <vector>

#include "core/base/identifiers.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/dialect/rendering.hpp"
#include "core/dialect/template.hpp"

namespace mortise::dialect {
namespace {

const std::vector<std::string> kPlaceholders = {"status",     "code",   "message",  "data",
                                                "request_id", "errors", "timestamp"};

// A text with placeholders. A placeholder inside a JSON string takes escaped text, elsewhere a whole JSON value.
class Template {
 public:
  struct Piece {
    std::string text;
    std::string name;  // empty: no placeholder after the text
    bool insideString = false;
  };

  explicit Template(std::string_view source) {
    bool insideString = false;
    std::string plain;
    for (std::size_t i = 0; i < source.size(); ++i) {
      if (source.substr(i, 2) == "{{") {
        const auto end = source.find("}}", i);
        const auto name =
            end == std::string_view::npos ? std::string_view() : text::trim(source.substr(i + 2, end - i - 2));
        bool known = false;
        for (const auto& placeholder : kPlaceholders) known = known || placeholder == name;
        if (known) {
          pieces_.push_back({std::move(plain), std::string(name), insideString});
          plain.clear();
          i = end + 1;
          continue;
        }
        if (end != std::string_view::npos && name.find_first_of("{\":,") == std::string_view::npos) {
          const auto near = text::nearest(name, kPlaceholders);
          throw std::runtime_error("unknown placeholder {{" + std::string(name) + "}}" +
                                   (near.empty() ? "" : ", did you mean {{" + near + "}}"));
        }
      }
      if (source[i] == '"' && !escaped(source, i)) insideString = !insideString;
      plain += source[i];
    }
    pieces_.push_back({std::move(plain), {}, false});
  }

  // `values`: name -> JSON text.
  std::string fill(const std::vector<std::pair<std::string_view, std::string>>& values) const {
    std::string out;
    for (const auto& piece : pieces_) {
      out += piece.text;
      for (const auto& [name, value] : values) {
        if (piece.name != name) continue;
        if (!piece.insideString) {
          out += value;
        } else if (value.size() >= 2 && value.front() == '"') {
          out.append(value, 1, value.size() - 2);
        } else {
          const auto quoted = json::quoted(value);
          out.append(quoted, 1, quoted.size() - 2);
        }
      }
    }
    return out;
  }

 private:
  static bool escaped(std::string_view source, std::size_t at) {
    std::size_t slashes = 0;
    while (slashes < at && source[at - slashes - 1] == '\\') ++slashes;
    return slashes % 2 == 1;
  }
  std::vector<Piece> pieces_;
};

class FromTemplate final : public Dialect {
 public:
  FromTemplate(MessagesPtr messages, std::string name, std::string_view success, std::string_view error,
               std::string contentType)
      : messages_(std::move(messages)),
        name_(std::move(name)),
        success_(success),
        error_(error),
        contentType_(std::move(contentType)) {
    const Context context;
    require(this->success(200, "{}", "", context).body, "success");
    require(this->success(200, {}, "", context).body, "success");
    require(this->error(Problem(422, "validation_failed").field({"body", "a"}, "missing"), context).body, "error");
  }

  Rendered success(int status, std::string data, const SuccessText& said, const Context& context) const override {
    const auto text = messages_->text(name_, said.code.empty() ? "success" : said.code, context.language, said.params);
    Rendered out;
    out.status = status;
    out.contentType = contentType_;
    out.body = success_.fill({{"status", std::to_string(status)},
                              {"code", "\"success\""},
                              {"message", json::quoted(text)},
                              {"data", data.empty() ? "null" : std::move(data)},
                              {"request_id", json::quoted(context.requestId)},
                              {"errors", "[]"},
                              {"timestamp", json::quoted(isoMillis(nowMicros()))}});
    return out;
  }

  Rendered error(const Problem& problem, const Context& context) const override {
    Rendered out;
    out.status = problem.status;
    out.contentType = contentType_;
    std::string errors = "[";
    for (const auto& error : problem.errors) {
      if (errors.size() > 1) errors += ',';
      ObjectWriter(errors)
          .text("type", error.rule)
          .raw("loc", locationJson(error))
          .text("message", fieldText(*messages_, name_, error, context.language, false))
          .end();
    }
    errors += ']';
    out.body = error_.fill({{"status", std::to_string(problem.status)},
                            {"code", json::quoted(wireCode(problem.code))},
                            {"message", json::quoted(problemText(*messages_, name_, problem, context.language))},
                            {"data", problem.details.empty() ? "null" : problem.details},
                            {"request_id", json::quoted(context.requestId)},
                            {"errors", std::move(errors)},
                            {"timestamp", json::quoted(isoMillis(nowMicros()))}});
    addFields(out, problem, context);
    return out;
  }

 private:
  void require(const std::string& text, const char* which) const {
    json::Document document;
    json::ParseError error;
    if (json::parse(text, document, error)) return;
    throw std::runtime_error("dialect " + name_ + ": the " + which + " template is not JSON once filled (" +
                             error.reason + " at byte " + std::to_string(error.offset) + "): " + text);
  }

  MessagesPtr messages_;
  std::string name_;
  Template success_, error_;
  std::string contentType_;
};

}  // namespace

// A template only states the form of bodies; everything else is as in the family `problem`.
const Family& Families::ofTemplates() {
  static const Family family = [] {
    Family own;
    own.conventions = builtIn().fallback().conventions;
    own.conventions.dialect.clear();
    own.error = {"OtherError", "application/json", R"({"type":"object"})", "{}"};
    return own;
  }();
  return family;
}

std::unique_ptr<Dialect> makeTemplate(MessagesPtr messages, std::string name, const std::string& success,
                                      const std::string& error, std::string contentType) {
  return std::make_unique<FromTemplate>(std::move(messages), std::move(name), success, error,
                                        contentType.empty() ? "application/json" : std::move(contentType));
}

}  // namespace mortise::dialect

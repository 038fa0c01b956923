// One field of a form that a server wants its user to fill in: how it is asked for, and which answers fit.
#pragma once

#include <rapidjson/document.h>
#include <mortise/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agent::mcp {

// Made from a property of `requestedSchema`: a text, a number, yes or no, one of several, or some of several.
class FormField {
 public:
  // Empty: the field is of a kind that nobody can be asked for, such as an object.
  static std::optional<FormField> read(std::string_view name, const rapidjson::Value& schema, bool required);

  const std::string& name() const noexcept { return name_; }
  // The field's name, what it is for, its choices and its rules, a line for each. `language` as for mortise::isChinese().
  std::string question(std::string_view language) const;
  // What an answer must be, for one that did not fit.
  std::string rule(std::string_view language) const;

  struct Answer {
    bool fits = false;
    std::optional<mortise::json::Value> value{};  // empty: the field is left out
  };
  // `text` has no white space around it.
  Answer answer(std::string_view text) const;
  // Whether a choice has this name: then the word neither declines nor cancels.
  bool hasChoice(std::string_view word) const;

 private:
  enum class Kind { text, email, address, date, dateTime, integer, number, boolean, choice, choices };
  struct Choice {
    std::string value;
    std::string title;
  };

  static std::vector<Choice> choicesOf(const rapidjson::Value& schema);
  static Kind textKind(const rapidjson::Value& schema);
  const Choice* choiceNamed(std::string_view word) const;
  const Choice* choiceOf(std::string_view answer) const;  // by its name or number
  std::optional<mortise::json::Value> value(std::string_view text) const;
  std::optional<mortise::json::Value> numberOf(std::string_view text) const;
  std::optional<mortise::json::Value> severalOf(std::string_view text) const;
  bool isTextOfKind(std::string_view text) const;

  std::string name_;
  std::string title_;
  std::string description_;
  Kind kind_ = Kind::text;
  bool required_ = false;
  std::vector<Choice> choices_;
  // Characters of a text, the number itself, or how many choices.
  std::optional<double> least_;
  std::optional<double> most_;
  std::optional<std::string> standard_;  // the default: text of JSON
};

// The answer in words for yes and no; empty: it is neither.
std::optional<bool> yesOrNo(std::string_view answer);
// What such an answer must be.
std::string ruleOfYesOrNo(std::string_view language);
// "Answer with", and the rule.
std::string answerWith(const std::string& rule, std::string_view language);

}  // namespace agent::mcp

// The error value of the whole product: what failed, what the client reads, and what only the log may contain. A
// dialect formats it once, at the end.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mortise {

using Params = std::vector<std::pair<std::string, std::string>>;

// One field that broke one rule. `rule` is the catalogue key of the message after "validation."; validating families
// also send it as `type` (missing, string_too_short, ...). Values that a client sent are never stored here.
struct FieldError {
  std::vector<std::string> location;  // {"body","items","0","email"}; first: body | query | path | header | form
  std::string rule;
  Params params;  // {"min","6"}; numbers as text
};

class Problem : public std::exception {
 public:
  Problem(int httpStatus, std::string problemCode) : status(httpStatus), code(std::move(problemCode)) {}

  int status;        // HTTP status of the answer
  std::string code;  // lower_snake, stable; key into the message catalogue: its text is what the client reads
  Params params;     // values for the catalogue text
  std::vector<FieldError> errors;  // fields that broke a rule, in order
  std::string details;             // JSON object text with extra members for the family's error body; empty = none
  std::string noteText;            // for the log only
  int retryAfter = 0;              // seconds; > 0 sends Retry-After
  std::vector<std::pair<std::string, std::string>> fields;  // extra reply header fields (Allow, WWW-Authenticate, ...)

  Problem& with(std::string name, std::string value) & {
    params.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  Problem&& with(std::string name, std::string value) && {
    params.emplace_back(std::move(name), std::move(value));
    return std::move(*this);
  }
  Problem&& field(std::vector<std::string> location, std::string rule, Params ruleParams = {}) && {
    errors.push_back({std::move(location), std::move(rule), std::move(ruleParams)});
    return std::move(*this);
  }
  Problem&& note(std::string text) && {
    noteText = std::move(text);
    return std::move(*this);
  }
  Problem&& retry(int seconds) && {
    retryAfter = seconds;
    return std::move(*this);
  }
  Problem&& detailsJson(std::string json) && {
    details = std::move(json);
    return std::move(*this);
  }
  Problem&& header(std::string name, std::string value) && {
    fields.emplace_back(std::move(name), std::move(value));
    return std::move(*this);
  }

  const char* what() const noexcept override { return code.c_str(); }
};

}  // namespace mortise

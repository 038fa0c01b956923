// How one wire asks and answers. Answers come from anywhere: what is not as the wire promises is Error unreadable.
#pragma once

#include <rapidjson/document.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mortise/models.hpp"

namespace mortise::inline sdk1::models {

// One answer that comes in events.
class StreamReader {
 public:
  virtual ~StreamReader() = default;
  // Takes an event's data; appends to `text` what it adds to the answer's text.
  virtual void take(std::string_view data, std::string& text) = 0;
  // After the last event. Error unreadable when the end is missing.
  virtual Answer finish() = 0;
};

// Has no state: any thread may use it.
class WireForm {
 public:
  virtual ~WireForm() = default;
  // Where the question goes: `streamed` asks for an answer in events.
  virtual std::string url(const Endpoint& endpoint, const Question& question, bool streamed) const = 0;
  // With the key, where the endpoint has one.
  virtual std::vector<std::pair<std::string, std::string>> headers(const Endpoint& endpoint) const = 0;
  // The question as JSON.
  virtual std::string body(const Question& question, bool streamed) const = 0;
  // A whole answer. Error unreadable for another shape.
  virtual Answer read(const rapidjson::Value& answer) const = 0;
  // Reads one answer in events.
  virtual std::unique_ptr<StreamReader> reader() const = 0;
};

// The form of a wire; each lives as long as the library.
const WireForm& formOf(Wire wire);
const WireForm& chatCompletionsForm();
const WireForm& messagesForm();
const WireForm& generateContentForm();

// Throws Error unreadable; `what` says what the answer lacks, for the log.
[[noreturn]] inline void unreadable(std::string what) { throw Error(Error::Cause::unreadable, std::move(what)); }

}  // namespace mortise::inline sdk1::models

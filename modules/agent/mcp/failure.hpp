// Why a server of others gave no answer.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace agent::mcp {

class Failure : public std::exception {
 public:
  enum class Cause {
    unreachable,  // no connection, or a status of HTTP that is an error
    timedOut,
    stopped,       // the caller does not want it any more
    gone,          // it ended, or forgot the session
    unauthorized,  // it wants somebody to sign in
    unreadable,    // not what the protocol promises
    refused,       // it answered with an error of JSON-RPC
    forbidden,     // this server may not start or reach it
  };
  Failure(Cause cause, std::string text) : cause_(cause), text_(std::move(text)) {}
  // `data`: text of a JSON value.
  static Failure refused(std::int64_t code, const std::string& message, std::string data, int httpStatus) {
    Failure failure(Cause::refused, message.empty() ? "error " + std::to_string(code) : message);
    failure.code_ = code;
    failure.data_ = std::move(data);
    failure.httpStatus_ = httpStatus;
    return failure;
  }
  static Failure status(int httpStatus) {
    Failure failure(Cause::unreachable, "it answered with HTTP status " + std::to_string(httpStatus));
    failure.httpStatus_ = httpStatus;
    return failure;
  }
  static Failure forgotten() {
    Failure failure(Cause::gone, "it forgot the session");
    failure.httpStatus_ = 404;
    return failure;
  }

  Cause cause() const noexcept { return cause_; }
  const std::string& text() const noexcept { return text_; }  // for people; no secret of ours
  std::int64_t code() const noexcept { return code_; }        // of JSON-RPC; 0: none
  const std::string& data() const noexcept { return data_; }
  int httpStatus() const noexcept { return httpStatus_; }  // 0: there was none
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  Cause cause_;
  std::string text_;
  std::string data_ = "null";
  std::int64_t code_ = 0;
  int httpStatus_ = 0;
};

}  // namespace agent::mcp

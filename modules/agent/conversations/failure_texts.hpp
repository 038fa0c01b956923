// What events tell users when something fails, in the language of the request that led to it: Simplified Chinese where
// that begins with "zh", else English. It tells nothing of addresses, keys or this machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace agent {

enum class FailureText {
  serverGone,
  serverStops,
  sessionFull,
  internalError,
  noModel,
  runInterrupted,
  runTimedOut,
  tokensUsed,
  modelSilent,
  modelAddressRefused,
  modelDenied,
  modelRejected,
  modelBusy,
  modelTimedOut,
  modelUnreadable,
  modelTooLong,
  modelContextTooLong,
  modelUnreachable
};

// [any]
std::string_view failureText(FailureText what, std::string_view language) noexcept;
// The model failed, as clients look for it: they hide errors that begin so once the task has gone on, whatever the
// language.
std::string modelFailureText(std::string_view reason);
std::string stepFailureText(std::string_view language, std::string_view reason);
std::string tooManyCallsText(std::string_view language, std::int64_t most);
std::string repeatedCallText(std::string_view language, std::string_view function, int times);

}  // namespace agent

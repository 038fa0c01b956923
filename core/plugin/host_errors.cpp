#include "core/plugin/host_errors.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>
#include <system_error>

#include "core/base/text.hpp"
#include "core/db/joined_transaction.hpp"
#include "core/db/sql.hpp"
#include "core/ops/log.hpp"
#include "core/plugin/lane.hpp"
#include "core/services/service_error.hpp"

namespace mortise::plugin {
namespace {

struct Outcome {
  mortise_status status;
  const char* code;
};

Outcome outcomeOf(db::ErrorKind kind) {
  switch (kind) {
    case db::ErrorKind::unavailable:
      return {MORTISE_UNAVAILABLE, "database_unavailable"};
    case db::ErrorKind::serialization:
      return {MORTISE_UNAVAILABLE, "transaction_lost"};
    case db::ErrorKind::full:
      return {MORTISE_FULL, "storage_full"};
    case db::ErrorKind::unique:
      return {MORTISE_EXISTS, "unique"};
    case db::ErrorKind::constraint:
      return {MORTISE_INVALID, "constraint"};
    case db::ErrorKind::syntax:
      return {MORTISE_INVALID, "bad_sql"};
    case db::ErrorKind::other:
      break;
  }
  return {MORTISE_FAILED, "database_failed"};
}

Outcome outcomeOf(const services::ServiceError& failure) {
  switch (failure.kind()) {
    case services::ErrorKind::unavailable:
      return {MORTISE_UNAVAILABLE, "unavailable"};
    case services::ErrorKind::invalid:
      return {MORTISE_INVALID, "invalid"};
    case services::ErrorKind::full:  // a queue drains by itself, a disk does not
      return failure.retryAfter() > 0 ? Outcome{MORTISE_UNAVAILABLE, "overloaded"} : Outcome{MORTISE_FULL, "full"};
    case services::ErrorKind::denied:
      return {MORTISE_DENIED, "denied"};
    case services::ErrorKind::notFound:
      return {MORTISE_NOT_FOUND, "not_found"};
    case services::ErrorKind::timeout:
      return {MORTISE_TIMEOUT, "timeout"};
  }
  return {MORTISE_FAILED, "failed"};
}

mortise_status statusOf(const Problem& problem) {
  switch (problem.status) {
    case 400:
    case 413:
    case 415:
    case 422:
      return MORTISE_INVALID;
    case 401:
    case 403:
    case 429:
      return MORTISE_DENIED;
    case 404:
    case 410:
      return MORTISE_NOT_FOUND;
    case 409:
      return MORTISE_EXISTS;
    case 502:
    case 503:
      return MORTISE_UNAVAILABLE;
    case 504:
      return MORTISE_TIMEOUT;
    case 507:
      return MORTISE_FULL;
    default:
      return MORTISE_FAILED;
  }
}

template <std::size_t Size>
void put(char (&into)[Size], std::string_view text) {
  const auto fitting = text::head(text, Size - 1);
  fitting.copy(into, fitting.size());
  into[fitting.size()] = '\0';
}

// Complete or not at all: half a JSON object is useless.
void putDetails(mortise_error* error, std::string_view details) noexcept {
  if (error == nullptr || !MORTISE_HAS(error, mortise_error, details)) return;
  put(error->details, details.size() < sizeof error->details ? details : std::string_view());
}

void complain(const Host* host, const char* function, const char* reason) noexcept {
  try {
    log::error("host function failed",
               {{"module", host == nullptr ? std::string_view("?") : std::string_view(host->moduleName())},
                {"function", function},
                {"reason", reason}});
  } catch (...) {  // no memory even for the log line
  }
}

}  // namespace

mortise_status answer(mortise_error* error, mortise_status status, std::string_view code, std::string_view text,
                      int retryAfter) noexcept {
  if (error == nullptr) return status;
  if (MORTISE_HAS(error, mortise_error, retry_after)) error->retry_after = retryAfter;
  if (MORTISE_HAS(error, mortise_error, code)) put(error->code, code);
  if (MORTISE_HAS(error, mortise_error, text)) put(error->text, text);
  putDetails(error, {});  // of an earlier failure, when the caller reuses its struct
  return status;
}

mortise_status answerCurrentException(const Host* host, const char* function, mortise_error* error) noexcept {
  try {
    throw;
  } catch (const Problem& problem) {
    answer(error, statusOf(problem), problem.code, problem.noteText.empty() ? problem.code : problem.noteText,
           problem.retryAfter);
    putDetails(error, problem.details);
    return statusOf(problem);
  } catch (const db::Error& failure) {
    const auto [status, code] = outcomeOf(failure.kind());
    if (status == MORTISE_FAILED || failure.kind() == db::ErrorKind::syntax) complain(host, function, failure.what());
    return answer(error, status, code, failure.what(), status == MORTISE_UNAVAILABLE ? 1 : 0);
  } catch (const services::ServiceError& failure) {
    const auto [status, code] = outcomeOf(failure);
    return answer(error, status, failure.code().empty() ? code : std::string_view(failure.code()), failure.what(),
                  failure.retryAfter());
  } catch (const std::system_error& failure) {
    complain(host, function, failure.what());
    return answer(error, MORTISE_UNAVAILABLE, "unavailable", failure.what());
  } catch (const std::bad_alloc&) {
    return answer(error, MORTISE_UNAVAILABLE, "out_of_memory", "out of memory");
  } catch (const std::exception& failure) {
    complain(host, function, failure.what());
    return answer(error, MORTISE_FAILED, "failed", failure.what());
  } catch (...) {
    complain(host, function, "not a std::exception");
    return answer(error, MORTISE_FAILED, "failed", "unexpected failure; see the server's log");
  }
}

bool mayBlock(const Host* host, const char* function, mortise_error* error) noexcept {
  if (currentThread.lane != ThreadLane::loop) return true;
  complain(host, function,
           "called on an I/O thread, where nothing may block; give the operation x-mortise-lane: worker");
  answer(error, MORTISE_INVALID, "wrong_thread", "called on an I/O thread, where nothing may block; use a worker");
  return false;
}

mortise_status tooShort(mortise_error* error, const char* type) noexcept {
  try {
    return answer(error, MORTISE_INVALID, "struct_size",
                  std::string(type) + " is null or its struct_size is smaller than SDK 1.0's");
  } catch (...) {
    return MORTISE_INVALID;
  }
}

mortise_status noHost(mortise_error* error) noexcept {
  return answer(error, MORTISE_INVALID, "no_host",
                "the host pointer is null, or the host of a transaction, in which this interface takes no part");
}

mortise_status worksAlone(const char* function, mortise_error* error) noexcept {
  char text[160];
  std::snprintf(text, sizeof text, "%s takes no part in a transaction; call it with the module's own host", function);
  return answer(error, MORTISE_INVALID, "no_part", text);
}

mortise_status mayJoin(const mortise_host* host, mortise_error* error) noexcept {
  const auto* transaction = transactionOf(host);
  if (transaction == nullptr) return MORTISE_OK;
  if (!transaction->onItsThread())
    return answer(error, MORTISE_INVALID, "other_thread", "a transaction is used on the thread that began it only");
  if (transaction->ended()) return answer(error, MORTISE_CLOSED, "closed", "the transaction has ended");
  return MORTISE_OK;
}

Problem problemFrom(const mortise_problem& raw) {
  const bool sane = raw.status >= 400 && raw.status <= 599;
  Problem problem(sane ? raw.status : 500, raw.code.size == 0 ? (sane ? "error" : "internal") : copy(raw.code));
  problem.details = copy(raw.details);
  problem.noteText = copy(raw.note);
  if (!sane) problem.noteText += " (the module gave status " + std::to_string(raw.status) + ", expected 400 to 599)";
  problem.retryAfter = std::max(0, raw.retry_after);
  for (std::size_t i = 0; i < raw.params_count; ++i)
    problem.params.emplace_back(copy(raw.params[i].name), copy(raw.params[i].value));
  for (std::size_t i = 0; i < raw.errors_count; ++i) {
    const auto& field = raw.errors[i];
    FieldError error;
    for (const auto part : text::split(view(field.location), '/')) error.location.emplace_back(part);
    error.rule = copy(field.rule);
    for (std::size_t k = 0; k < field.params_count; ++k)
      error.params.emplace_back(copy(field.params[k].name), copy(field.params[k].value));
    problem.errors.push_back(std::move(error));
  }
  for (std::size_t i = 0; i < raw.fields_count; ++i)
    problem.fields.emplace_back(copy(raw.fields[i].name), copy(raw.fields[i].value));
  return problem;
}

}  // namespace mortise::plugin

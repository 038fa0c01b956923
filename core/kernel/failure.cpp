#include "core/kernel/failure.hpp"

#include <exception>
#include <string>

#include "core/db/sql.hpp"
#include "core/services/service_error.hpp"

namespace mortise::kernel {

namespace {

Problem fromDatabase(const db::Error& error) {
  switch (error.kind()) {
    case db::ErrorKind::unavailable:
      return Problem(503, "unavailable").retry(1).note(error.what());
    case db::ErrorKind::full:
      return Problem(507, "storage_full").note(error.what());
    case db::ErrorKind::serialization:
      return Problem(503, "unavailable").retry(1).note(error.what());
    case db::ErrorKind::unique:
      return Problem(409, "conflict").note(error.what());
    default:
      return Problem(500, "internal").note(error.what());
  }
}

Problem fromService(const services::ServiceError& error) {
  switch (error.kind()) {
    case services::ErrorKind::unavailable:
    case services::ErrorKind::timeout:
      return Problem(503, "unavailable").retry(error.retryAfter() > 0 ? error.retryAfter() : 1).note(error.what());
    case services::ErrorKind::full:  // a queue drains by itself, a disk does not
      if (error.retryAfter() > 0) return Problem(503, "overloaded").retry(error.retryAfter()).note(error.what());
      return Problem(507, "storage_full").note(error.what());
    default:
      return Problem(500, "internal").note(error.what());
  }
}

}  // namespace

Problem problemFromCurrentException() {
  try {
    throw;
  } catch (const Problem& problem) {
    return problem;
  } catch (const db::Error& error) {
    return fromDatabase(error);
  } catch (const services::ServiceError& error) {
    return fromService(error);
  } catch (const std::exception& error) {
    return Problem(500, "internal").note(error.what());
  } catch (...) {
    return Problem(500, "internal").note("something that is no std::exception was thrown");
  }
}

}  // namespace mortise::kernel

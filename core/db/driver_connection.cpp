#include "core/db/driver_connection.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace mortise::db {
namespace {

constexpr std::size_t kMaxStatements = 256;

void check(std::string_view sql, const Parameters& parameters) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto& [name, value] = parameters[i];
    for (std::size_t j = 0; j < i; ++j) {
      if (parameters[j].first == name)
        throw Error(ErrorKind::syntax, "parameter :" + std::string(name) + " is given twice");
    }
    const auto* text = std::get_if<std::string>(&value);
    if (!text) continue;
    if (text->find('\0') != std::string::npos) {
      throw Error(ErrorKind::other,
                  "text for :" + std::string(name) + " has a nul byte, which no database column takes");
    }
    if (!text::isUtf8(*text)) throw Error(ErrorKind::other, "text for :" + std::string(name) + " is not UTF-8");
  }
  if (sql.empty()) throw Error(ErrorKind::syntax, "the SQL text is empty");
}

}  // namespace

PreparedStatement& DriverConnection::prepared(std::string_view sql, const Parameters& parameters,
                                              std::span<const ColumnType> columns) {
  check(sql, parameters);
  const auto known = bySql_.find(sql);
  if (known != bySql_.end()) {
    CachedStatement& cached = *known->second;
    if (cached.statement->reading) {
      throw Error(ErrorKind::syntax,
                  "a result of the same statement is still open on this session: " + std::string(sql));
    }
    if (!cached.statement->fits(parameters, columns)) {
      release(cached.statement);  // first, so that the server never has two copies
      try {
        cached.statement = prepare(sql, parameters, columns);
      } catch (...) {
        const auto at = known->second;
        bySql_.erase(known);
        order_.erase(at);
        throw;
      }
    }
    order_.splice(order_.begin(), order_, known->second);
    cached.statement->assign(parameters);
    return *cached.statement;
  }
  auto statement = prepare(sql, parameters, columns);
  if (order_.size() >= kMaxStatements) {
    // Drops the least recently used statement that is not being read. All are being read only with 256 open results on
    // one connection.
    const auto victim = std::find_if(order_.rbegin(), order_.rend(),
                                     [](const CachedStatement& cached) { return !cached.statement->reading; });
    if (victim != order_.rend()) {
      release(victim->statement);
      bySql_.erase(victim->sql);
      order_.erase(std::next(victim).base());
    }
  }
  order_.push_front({std::string(sql), std::move(statement)});
  bySql_.emplace(order_.front().sql, order_.begin());
  order_.front().statement->assign(parameters);
  return *order_.front().statement;
}

std::unique_ptr<PreparedStatement> DriverConnection::prepare(std::string_view sql, const Parameters& parameters,
                                                             std::span<const ColumnType> columns) {
  std::unique_ptr<PreparedStatement> statement;
  try {
    const Armed armed(*this);
    statement = std::make_unique<PreparedStatement>(session(), sql, parameters, columns, caching());
  } catch (const soci::soci_error& error) {
    throw translated(error);
  }
  const std::vector<std::string> names = parameterNames(*statement);
  for (const std::string& name : names) {
    const auto values = statement->names();
    if (std::find(values.begin(), values.end(), name) == values.end()) {
      throw Error(ErrorKind::syntax, "parameter :" + name + " has no value in: " + std::string(sql));
    }
  }
  for (const std::string_view name : statement->names()) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      throw Error(ErrorKind::syntax, "parameter :" + std::string(name) + " does not occur in: " + std::string(sql));
    }
  }
  statement->writes = changesData(*statement);
  return statement;
}

bool DriverConnection::run(PreparedStatement& statement) {
  try {
    const Armed armed(*this);
    return statement.statement().execute(true);
  } catch (const soci::soci_error& error) {
    const Error meaning = translated(error);
    reset(statement);
    if (stale()) drop(statement);
    throw meaning;
  }
}

bool DriverConnection::fetch(PreparedStatement& statement) {
  try {
    const Armed armed(*this);
    return statement.statement().fetch();
  } catch (const soci::soci_error& error) {
    throw translated(error);
  }
}

void DriverConnection::drop(PreparedStatement& statement) {
  const auto at = std::find_if(order_.begin(), order_.end(),
                               [&](const CachedStatement& cached) { return cached.statement.get() == &statement; });
  if (at == order_.end()) return;
  release(at->statement);
  bySql_.erase(at->sql);
  order_.erase(at);
}

// Destroying a statement may send a message to the server.
void DriverConnection::release(std::unique_ptr<PreparedStatement>& statement) {
  const Armed armed(*this);
  statement.reset();
}

void DriverConnection::forgetStatements() {
  bySql_.clear();
  order_.clear();
}

}  // namespace mortise::db

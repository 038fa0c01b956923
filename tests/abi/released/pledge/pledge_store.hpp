// The pledges in the module's tables.
#pragma once

#include <cstdint>
#include <mortise/db.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pledge {

struct Pledge {
  std::int64_t number = 0;
  std::string text;
  std::optional<std::string> note;
  double weight = 0;
  bool firm = false;
};

class Store {
 public:
  explicit Store(mortise::Db db) : db_(db) {}

  std::vector<Pledge> list(std::optional<bool> firm, double heavier, std::int64_t limit) const;
  std::optional<Pledge> find(std::int64_t number) const;
  // Throws db::Error of the kind exists for a text that is pledged already; nothing when `most` are kept.
  std::optional<Pledge> add(Pledge pledge, std::int64_t most) const;
  bool drop(std::int64_t number) const;
  // Exchanges the texts of the two lightest ones. `fail`: rolls back halfway.
  void swap(bool fail) const;

  void keepCount(std::string_view run, std::string_view payload) const;
  std::vector<mortise::db::Row<std::string, std::int64_t>> counts() const;
  // A statement that the database refuses.
  void refuse() const;

 private:
  mortise::Db db_;
};

}  // namespace pledge

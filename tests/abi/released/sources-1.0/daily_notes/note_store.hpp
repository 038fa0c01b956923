// Notes in the database: SQL, and only SQL.
#pragma once

#include <cstdint>
#include <mortise/db.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace daily_notes {

struct Note {
  std::int64_t number = 0;
  std::string title;
  std::string text;
};

class NoteStore {
 public:
  explicit NoteStore(mortise::Db db) : db_(db) {}
  // Pages count from 1, newest first.
  std::vector<Note> page(std::int64_t page, std::int64_t size) const;
  // Returns the number it got.
  std::int64_t add(std::string_view owner, const Note& note) const;

 private:
  mortise::Db db_;
};

}  // namespace daily_notes

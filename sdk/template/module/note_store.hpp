// Notes in the database: SQL, and only SQL.
#pragma once

#include <cstdint>
#include <mortise/db.hpp>
#include <mortise/slice.hpp>

#include "note.hpp"

namespace @name@ {

class NoteStore {
 public:
  explicit NoteStore(mortise::Db db) : db_(db) {}
  // A page of all notes, newest first.
  mortise::db::Slice<Note> list(const mortise::Paging& paging) const;
  std::int64_t count() const;
  // Gives the note the next number.
  void add(Note& note) const;

 private:
  mortise::Db db_;
};

}  // namespace @name@

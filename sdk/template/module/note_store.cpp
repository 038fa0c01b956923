#include "note_store.hpp"

#include <mortise/rows.hpp>

namespace @name@ {

namespace db = mortise::db;

db::Slice<Note> NoteStore::list(const mortise::Paging& paging) const { return db::slice<Note>(db_, db::Where(), "number DESC", paging); }

std::int64_t NoteStore::count() const { return db::count<Note>(db_); }

void NoteStore::add(Note& note) const {
  db_.transaction([&](mortise::Transaction& tx) {
    note.number = tx.nextNumber("@name@_notes", "number");
    db::insert(tx, note);
  });
}

}  // namespace @name@

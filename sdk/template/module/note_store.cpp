#include "note_store.hpp"

#include <utility>

namespace @name@ {

std::vector<Note> NoteStore::page(std::int64_t page, std::int64_t size) const {
  std::vector<Note> notes;
  db_.each<std::int64_t, std::string, std::string>(
      "SELECT number, title, body FROM @name@_notes ORDER BY number DESC LIMIT :size OFFSET :skip", {{"size", size}, {"skip", (page - 1) * size}},
      [&](std::int64_t number, std::string title, std::string text) { notes.push_back({number, std::move(title), std::move(text)}); });
  return notes;
}

std::int64_t NoteStore::add(std::string_view owner, const Note& note) const {
  return db_.transaction([&](mortise::Transaction& tx) {
    const auto number = tx.nextNumber("@name@_notes", "number");
    tx.execute("INSERT INTO @name@_notes (number, owner, title, body) VALUES (:number, :owner, :title, :body)",
               {{"number", number}, {"owner", owner}, {"title", note.title}, {"body", note.text}});
    return number;
  });
}

}  // namespace @name@

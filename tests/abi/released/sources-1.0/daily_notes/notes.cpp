#include "daily_notes.hpp"
#include "title.hpp"

namespace daily_notes {

using mortise::Problem;
using mortise::Reply;
using mortise::Request;
namespace json = mortise::json;

namespace {

json::Value toJson(const Note& note) { return json::object({{"number", note.number}, {"title", note.title}, {"text", note.text}}); }

}  // namespace

Reply DailyNotes::listNotes(const Request& request) const {
  const auto page = request.query("page").integer(1);
  return Reply::ok(json::object({{"notes", json::list(store_.page(page, page_size_), toJson)}}));
}

Reply DailyNotes::addNote(const Request& request) const {
  Note note;
  note.text = request.body()["text"].text();
  note.title = titleOf(note.text);
  if (note.title.empty()) throw Problem(422, "title_missing").field("body/text");
  note.number = store_.add(request.principal().userId, note);
  log_.info("note added", {{"number", note.number}});
  return Reply::created(toJson(note));
}

}  // namespace daily_notes

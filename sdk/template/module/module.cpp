// The module: what each operation answers, and its command. The contract has checked the request before.
#include <cstdint>
#include <mortise/module.hpp>
#include <string>

#include "@name@_contract.hpp"
#include "note_store.hpp"
#include "title.hpp"

namespace @name@ {
namespace {

namespace contract = @name@_contract::@name@;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;

// ?page=2 -> {notes}
mortise::PagingForm pagesOf(std::int64_t size) {
  mortise::PagingForm form;
  form.pageParameter = "page";
  form.items = "notes";
  form.defaultSize = size;
  return form;
}

class @Name@ final : public mortise::ModuleServing<contract::@Name@> {
 public:
  explicit @Name@(mortise::Host host) : log_(host.log()), store_(host.db()), pages_(pagesOf(host.config().integer("page_size"))) {}

  void bind(mortise::Bindings& on) override {
    ModuleServing::bind(on);
    on.command("count", &@Name@::printCount);
  }

 private:
  Reply listNotes(const Request& request) override { return store_.list(mortise::Paging::of(request, pages_)).reply(); }

  Reply addNote(const Request& request, const contract::AddNoteBody& body) override {
    Note note;
    note.owner = request.principal().userId;
    note.title = titleOf(body.text);
    note.text = body.text;
    if (note.title.empty()) throw Problem(422, "title_missing").field("body/text");
    store_.add(note);
    log_.info("note added", {{"number", note.number}});
    return Reply::created(json::from(note));
  }

  int printCount(mortise::Command& command) {
    command.write(std::to_string(store_.count()) + "\n");
    return 0;
  }

  mortise::Log log_;
  NoteStore store_;
  const mortise::PagingForm pages_;
};

}  // namespace
}  // namespace @name@

MORTISE_MODULE(@name@::@Name@)

#include "daily_notes.hpp"

namespace daily_notes {

DailyNotes::DailyNotes(mortise::Host host) : log_(host.log()), store_(host.db()), page_size_(host.config().integer("page_size")) {}

void DailyNotes::bind(mortise::Bindings& on) {
  on.operation("listNotes", &DailyNotes::listNotes);
  on.operation("addNote", &DailyNotes::addNote);
}

}  // namespace daily_notes

MORTISE_MODULE(daily_notes::DailyNotes)

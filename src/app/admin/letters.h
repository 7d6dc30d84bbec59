// Questions about dead letters and their answers, as lines of JSON: the same whether a running
// process answers or a command that has opened the data folder itself.
#pragma once

#include <cstdint>
#include <string>

#include "app/command_line.h"
#include "bus/bus.h"
#include "store/store.h"

namespace insightd::app {

enum class LettersVerb : std::uint8_t { kList, kShow, kReplay, kDrop };

// Without an end of line.
std::string LettersQuestion(LettersVerb verb, const DeadLettersArguments& arguments);

// A line for each letter: of kList and kShow what it is, else `id` and what became of it; of a
// letter that could not be dealt with `id` (where known) and `error` with `code` and `message`.
// An unreadable question is answered with such an error too.
std::string AnswerLetters(const std::string& question, store::Store& store, bus::Bus& bus);

}  // namespace insightd::app

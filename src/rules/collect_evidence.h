// From what a trace kept to evidence.
#pragma once

#include "cel/trace.h"
#include "rules/evidence.h"
#include "rules/inputs/facts.h"
#include "rules/pack.h"
#include "rules/places.h"

namespace insightd::rules {

// Reads of one hit that are looked at; more are left out.
inline constexpr std::size_t kEvidenceReadsMax = 5'000;

// Of the root of `trace` and all variables that it used. `facts` are those that were read.
Evidence CollectEvidence(const cel::Trace& trace, const Pack& pack, const Facts& facts,
                         Places& places);

// The places of these reads alone, without the variables that they used.
std::vector<EvidenceFile> PlacesOfReads(const std::vector<cel::Trace::Read>& reads,
                                        const Facts& facts, Places& places,
                                        std::uint64_t& more_files);

// A literal of the language, cut.
std::string ShownValue(const cel::Value& value);

}  // namespace insightd::rules

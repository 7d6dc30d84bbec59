// Which places in which files of the archive made a rule hit.
import { ExpandableSection, List, ListItem } from '@patternfly/react-core';
import { useState } from 'react';
import type { Evidence as EvidenceData } from '../api/client';
import { plural } from '../lib/words';

type File = EvidenceData['files'][number];
type Place = File['places'][number];

function PlaceText({ place }: { place: Place }) {
  return (
    <>
      {place.at && <code>{place.at}</code>}
      {place.absent ? ' is absent' : ' = '}
      {!place.absent && <code>{place.value}</code>}
    </>
  );
}

function FileItem({ file }: { file: File }) {
  return (
    <ListItem>
      <code>{file.path}</code>
      <List isPlain>
        {file.places.map((place) => (
          <ListItem key={place.at}>
            <PlaceText place={place} />
          </ListItem>
        ))}
        {(file.more_places ?? 0) > 0 && (
          <ListItem>and {plural(file.more_places ?? 0, 'more place')}</ListItem>
        )}
      </List>
    </ListItem>
  );
}

export function Evidence({ data }: { data: EvidenceData | undefined }) {
  const [isOpen, setIsOpen] = useState(false);
  const lookedAt = data?.looked_at ?? [];
  if (!data || data.files.length + lookedAt.length === 0) return null;
  return (
    <ExpandableSection
      toggleText={isOpen ? 'Hide where this was seen' : 'Show where this was seen'}
      isExpanded={isOpen}
      onToggle={(_, value) => setIsOpen(value)}
    >
      {isOpen && (
        <List className="insightd-break">
          {data.files.map((file) => (
            <FileItem key={file.path} file={file} />
          ))}
          {(data.more_files ?? 0) > 0 && (
            <ListItem>and {plural(data.more_files ?? 0, 'more file')}</ListItem>
          )}
          {lookedAt.map((input) => (
            <ListItem key={input.input}>
              {input.files === 0 ? 'no file like ' : `${plural(input.files, 'file')} looked at: `}
              <code>{input.paths.join(', ')}</code>
            </ListItem>
          ))}
        </List>
      )}
    </ExpandableSection>
  );
}

// A filter by a few values: a menu of check boxes, and what is chosen as labels above the table.
import {
  MenuToggle,
  Select,
  SelectList,
  SelectOption,
  ToolbarFilter,
} from '@patternfly/react-core';
import { useState } from 'react';

type Props = {
  title: string;
  options: { value: string; title: string }[];
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
};

export function CheckboxFilter({ title, options, chosen, onChange }: Props) {
  const [isOpen, setIsOpen] = useState(false);
  const toggle = (value: string) =>
    onChange(chosen.includes(value) ? chosen.filter((x) => x !== value) : [...chosen, value]);
  return (
    <ToolbarFilter
      categoryName={title}
      labels={options
        .filter((x) => chosen.includes(x.value))
        .map((x) => ({ key: x.value, node: x.title }))}
      deleteLabel={(_, label) => toggle(typeof label === 'string' ? label : label.key)}
      deleteLabelGroup={() => onChange([])}
    >
      <Select
        isOpen={isOpen}
        onOpenChange={setIsOpen}
        onSelect={(_, value) => toggle(String(value))}
        selected={[...chosen]}
        toggle={(ref) => (
          <MenuToggle ref={ref} isExpanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
            {title}
          </MenuToggle>
        )}
      >
        <SelectList aria-label={title}>
          {options.map(({ value, title: text }) => (
            <SelectOption key={value} value={value} hasCheckbox isSelected={chosen.includes(value)}>
              {text}
            </SelectOption>
          ))}
        </SelectList>
      </Select>
    </ToolbarFilter>
  );
}

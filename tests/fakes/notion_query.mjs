// notion_query.mjs - filters and sorts of Notion's queries.

import { plainValue } from './notion_property.mjs';

const stamps = ['created_time', 'last_edited_time'];
const comparisons = {
    equals: (have, want) => have === want,
    does_not_equal: (have, want) => have !== want,
    contains: (have, want) => String(have ?? '').includes(want),
    is_empty: (have) => have === null || have === '',
    is_not_empty: (have) => have !== null && have !== '',
    greater_than: (have, want) => have !== null && have > want,
    greater_than_or_equal_to: (have, want) => have !== null && have >= want,
    less_than: (have, want) => have !== null && have < want,
    less_than_or_equal_to: (have, want) => have !== null && have <= want,
    after: (have, want) => have !== null && Date.parse(have) > Date.parse(want),
    on_or_after: (have, want) => have !== null &&
        Date.parse(have) >= Date.parse(want),
    before: (have, want) => have !== null &&
        Date.parse(have) < Date.parse(want),
    on_or_before: (have, want) => have !== null &&
        Date.parse(have) <= Date.parse(want),
};

function compares(have, condition, refuse) {
    const names = Object.keys(condition);
    if (names.length !== 1 || !comparisons[names[0]])
        refuse('body failed validation: body.filter has an unknown condition ' +
            JSON.stringify(condition));
    return comparisons[names[0]](have, condition[names[0]]);
}

function fits(page, filter, refuse) {
    if (filter.and)
        return filter.and.every((part) => fits(page, part, refuse));
    if (filter.or)
        return filter.or.some((part) => fits(page, part, refuse));
    if (stamps.includes(filter.timestamp))
        return compares(page[filter.timestamp], filter[filter.timestamp] ??
            refuse(`body failed validation: body.filter.${filter.timestamp} ` +
                'should be defined.'), refuse);
    const property = page.properties[filter.property] ??
        Object.values(page.properties).find(({ id }) =>
            id === filter.property);
    if (!property)
        refuse('Could not find property with name or id: ' +
            `${filter.property}`);
    return compares(plainValue(property), filter[property.type] ??
        refuse(`body failed validation: body.filter.${property.type} should ` +
            'be defined.'), refuse);
}

// Those that fit; refuse(message) ends it.
export function filtered(pages, filter, refuse) {
    return filter ? pages.filter((page) => fits(page, filter, refuse)) : pages;
}

const sortValue = (object, sort) => sort.timestamp ? object[sort.timestamp]
    : plainValue(object.properties[sort.property]);

// In that order; what is equal stays as it was.
export function sorted(objects, sorts) {
    return [...objects].sort((a, b) => {
        for (const sort of sorts) {
            const [x, y] = [sortValue(a, sort), sortValue(b, sort)];
            const order = x === y ? 0 : x === null ? 1 : y === null ? -1
                : x < y ? -1 : 1;
            if (order !== 0)
                return sort.direction === 'descending' ? -order : order;
        }
        return 0;
    });
}

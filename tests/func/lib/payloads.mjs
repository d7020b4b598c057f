// payloads.mjs - what an event's data may be, as it is written in the trigger's
// body: all that a signature could stumble over.

export const payloads = {
    ASCII: '{"order_id":"ORD-123","total":99.99}',
    'UTF-8': '{"name":"Zoë Müller","city":"København","kanji":"漢字"}',
    emoji: '{"mood":"😀👩‍👩‍👧","flag":"🏳️‍🌈"}',
    escapes: '{"slash":"a\\/b","umlaut":"\\u00e4","pair":"\\ud83d\\ude00",' +
        '"control":"\\u0001\\t\\n","line":"\u2028"}',
    'many digits': '{"n":123456789012345678901234567890,"x":0.1000000000000' +
        '00005551115123125,"e":1.0E+2,"z":-0}',
    'brackets and spaces': '{ "a" : [ ] , "b" : { } , "c d" : "  " }',
    'nothing': '{}',
    '100 KB': `{"pad":"${'ä0123456789'.repeat(8300)}"}`,
};

// Those that look the same when they are parsed and printed again.
export const plain = {
    'an order': '{"order_id":"ORD-123","total":99.99}',
    'an email': '{"subject":"Meeting Reminder","from":"john@example.com",' +
        '"to":["me@example.com"],"date":"2024-01-15T10:00:00Z"}',
    'nested ones': '{"a":[1,{"b":null},true],"c":{"d":{}},"e":-17}',
    'nothing': '{}',
};

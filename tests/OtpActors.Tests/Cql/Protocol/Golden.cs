using System.Text;

namespace OtpActors.Tests.Cql.Protocol;

/// <summary>Frames written by hand from the specification: hexadecimal digits, with texts in single quotes.</summary>
internal static class Golden
{
    public static byte[] Bytes(string notation)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < notation.Length;)
        {
            if (notation[i] == '\'')
            {
                var end = notation.IndexOf('\'', i + 1);
                bytes.AddRange(Encoding.UTF8.GetBytes(notation[(i + 1)..end]));
                i = end + 1;
            }
            else if (char.IsWhiteSpace(notation[i]))
            {
                i++;
            }
            else
            {
                bytes.Add(Convert.ToByte(notation.Substring(i, 2), 16));
                i += 2;
            }
        }

        return [.. bytes];
    }

    /// <summary>Responses: their name, the body, and what it says as <see cref="Described"/> tells it.</summary>
    public static IReadOnlyList<(string Name, byte Opcode, string Body, string Says)> Responses { get; } =
    [
        ("ERROR server", 0x00, "00000000 0004'boom'", "ServerError boom"),
        ("ERROR unavailable", 0x00, "00001000 0002'no' 0006 00000002 00000001", "Unavailable no LocalQuorum 1/2"),
        ("ERROR write timeout", 0x00, "00001100 0004'late' 0001 00000000 00000001 0006'SIMPLE'", "WriteTimeout late One 0/1 SIMPLE"),
        ("ERROR read timeout", 0x00, "00001200 0004'late' 0001 00000001 00000001 00", "ReadTimeout late One 1/1"),
        ("ERROR read failure", 0x00, "00001300 0003'bad' 0001 00000000 00000001 00000001 01", "ReadFailure bad One 0/1 data"),
        ("ERROR write failure", 0x00, "00001500 0003'bad' 0001 00000000 00000001 00000001 0005'BATCH'", "WriteFailure bad One 0/1 BATCH"),
        ("ERROR unprepared", 0x00, "00002500 0002'no' 0002 abcd", "Unprepared no id abcd"),
        ("ERROR unknown code", 0x00, "00009999 0003'new' ffff", "39321 new"),
        ("READY", 0x02, "", "Ready"),
        ("AUTHENTICATE", 0x03, "0004'Auth'", "Authenticate Auth"),
        ("SUPPORTED", 0x06, "0001 000b'CQL_VERSION' 0002 0005'3.0.0' 0005'3.2.0'", "Supported CQL_VERSION=3.0.0,3.2.0"),
        ("RESULT void", 0x08, "00000001", "Void"),
        ("RESULT set keyspace", 0x08, "00000003 0002'ks'", "SetKeyspace"),
        ("RESULT schema change, keyspace", 0x08, "00000005 0007'CREATED' 0008'KEYSPACE' 0002'ks'", "SchemaChange CREATED KEYSPACE ks"),
        ("RESULT schema change, table", 0x08, "00000005 0007'UPDATED' 0005'TABLE' 0002'ks' 0001't'", "SchemaChange UPDATED TABLE ks t"),
        ("RESULT schema change, function", 0x08, "00000005 0007'DROPPED' 0008'FUNCTION' 0002'ks' 0001'f' 0001 0003'int'", "SchemaChange DROPPED FUNCTION ks f"),
        ("RESULT rows, global table", 0x08,
            "00000002 00000001 00000002 0002'ks' 0001't' 0001'k' 000d 0001'v' 0009 00000002"
            + "00000001'a' 00000004 00000007 00000001'b' ffffffff",
            "Rows k:text v:int | a 7 | b null"),
        ("RESULT rows, more pages, tables apart", 0x08,
            "00000002 00000002 00000001 00000002 beef 0002'ks' 0001't' 0001'm' 0021 000d 0009 00000001"
            + "00000011 00000001 00000001'x' 00000004 00000005",
            "Rows m:map<text, int> more beef | 17 bytes"),
        ("RESULT rows, none", 0x08, "00000002 00000001 00000001 0002'ks' 0001't' 0001'k' 0003 00000000", "Rows k:blob"),
        ("EVENT status", 0x0C, "000d'STATUS_CHANGE' 0002'UP' 04 7f000001 00002352", "Event STATUS_CHANGE UP 127.0.0.1:9042"),
        ("EVENT topology, v6 address", 0x0C,
            "000f'TOPOLOGY_CHANGE' 0008'NEW_NODE' 10 20010db8000000000000000000000001 00002352",
            "Event TOPOLOGY_CHANGE NEW_NODE [2001:db8::1]:9042"),
        ("EVENT schema", 0x0C, "000d'SCHEMA_CHANGE' 0007'CREATED' 0008'KEYSPACE' 0002'ks'", "Event SCHEMA_CHANGE CREATED ks"),
        ("EVENT unknown", 0x0C, "0007'STRANGE' 00", "Event STRANGE"),
        ("AUTH_CHALLENGE", 0x0E, "00000002 0102", "AuthChallenge 0102"),
        ("AUTH_SUCCESS", 0x10, "ffffffff", "AuthSuccess null"),
    ];

    /// <summary>PREPARED differs: v4 tells which variables make the partition key.</summary>
    public static string Prepared(byte version) =>
        "00000004 0002 abcd 00000001 00000002" + (version >= 4 ? "00000001 0000" : "")
        + "0002'ks' 0001't' 0001'k' 000d 0001'v' 0022 000b 00000004 00000000";

    public static byte[] Frame(byte version, byte opcode, string body, short stream = 7)
    {
        var bytes = Bytes(body);
        return [(byte)(version | 0x80), 0, (byte)(stream >> 8), (byte)stream, opcode,
            (byte)(bytes.Length >> 24), (byte)(bytes.Length >> 16), (byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];
    }
}

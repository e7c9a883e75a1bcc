using OtpActors.Cql;
using OtpActors.Cql.Protocol;
using OtpActors.Cql.Protocol.Requests;
using OtpActors.Cql.Protocol.Responses;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Cql.Protocol;

/// <summary>Requests as they go out; the two versions differ in the first byte alone.</summary>
public sealed class RequestSpecs
{
    private static readonly PreparedStatement Insert = new(
        "INSERT INTO ks.t (k, v) VALUES (?, ?)",
        new PreparedResult(
            [0xab, 0xcd],
            new ColumnsMetadata([new("ks", "t", "k", CqlType.Of(CqlTypeCode.Text)), new("ks", "t", "v", CqlType.Of(CqlTypeCode.Int))]),
            [0]),
        [0],
        ProtocolVersion.V4);

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Every_request_is_as_the_specification_has_it(byte version)
    {
        Should(version, 0x05, _ => { }, "");
        Should(version, 0x01, StartupRequest.Write, "0001 000b'CQL_VERSION' 0005'3.0.0'");
        Should(version, 0x0F, writer => AuthResponseRequest.Write(writer, [0, 0x75, 0, 0x70]), "00000004 00'u'00'p'");
        Should(version, 0x0B, RegisterRequest.Write, "0003 000f'TOPOLOGY_CHANGE' 000d'STATUS_CHANGE' 000d'SCHEMA_CHANGE'");
        Should(version, 0x09, writer => PrepareRequest.Write(writer, "SELECT 1"), "00000008'SELECT 1'");
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void A_query_has_its_values_and_parameters(byte version)
    {
        Frame(version, new SimpleStatement("SELECT 1"), new QueryParameters(ConsistencyLevel.One))
            .ShouldBe(Expected(version, 0x07, "00000008'SELECT 1' 0001 00"));
        Frame(
            version, new SimpleStatement("Q", "ab", 7, null),
            new QueryParameters(ConsistencyLevel.LocalQuorum, ConsistencyLevel.Serial, 100, [0xbe, 0xef], 0x0102030405060708))
            .ShouldBe(Expected(
                version, 0x07,
                "00000001'Q' 0006 3d 0003 00000002'ab' 00000004 00000007 ffffffff 00000064 00000002 beef 0008 0102030405060708"));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Values_are_sent_in_order_whatever_order_they_were_set_in(byte version)
    {
        var expected = Expected(version, 0x0A, "0002 abcd 0001 01 0002 00000001'a' 00000004 00000007");
        var parameters = new QueryParameters(ConsistencyLevel.One);

        Frame(version, Insert.Bind().Set(0, "a").Set(1, 7), parameters).ShouldBe(expected);
        Frame(version, Insert.Bind().Set(1, 7).Set(0, "a"), parameters).ShouldBe(expected);
        Frame(version, Insert.Bind().Set(0, "other").Set(1, 1).Set(1, 7).Set(0, "a"), parameters).ShouldBe(expected);
        Frame(version, Insert.Bind().SetNull(0).Set(1, 7).Set(0, "a"), parameters).ShouldBe(expected);
        Frame(version, Insert.Bind("a", 7), parameters).ShouldBe(expected);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void A_batch_has_every_statement_and_flags_whose_low_bits_are_zero(byte version)
    {
        var batch = new BatchStatement().SetBatchType(BatchType.Unlogged).Add(Insert.Bind("a", 7)).Add(new SimpleStatement("Q"));

        Frame(version, batch, new QueryParameters(ConsistencyLevel.One, null, 5_000, null, 1)).ShouldBe(Expected(
            version, 0x0D, "01 0002 01 0002 abcd 0002 00000001'a' 00000004 00000007 00 00000001'Q' 0000 0001 20 0000000000000001"));
    }

    [Fact]
    public void A_value_that_is_missing_is_an_error_that_names_it() =>
        Shouldly.Should.Throw<InvalidOperationException>(() => Insert.Bind().Set(0, "a").Check(ProtocolVersion.V3)).Message.ShouldContain("(v)");

    [Fact]
    public void A_value_of_another_type_is_an_error_that_names_both() =>
        Shouldly.Should.Throw<InvalidCastException>(() => Insert.Bind().Set(1, "text")).Message.ShouldBe("v is of type int, which is not read or written as String");

    [Theory]
    [InlineData("INSERT INTO t (k) VALUES (?) IF NOT EXISTS", true)]
    [InlineData("update t set v = 'x' where k = 'a' if v = 1", true)]
    [InlineData("INSERT INTO t (k) VALUES ('IF')", false)]
    [InlineData("INSERT INTO t (gif, \"IF\") VALUES (?, ?)", false)]
    [InlineData("SELECT * FROM t WHERE k = ? -- IF", false)]
    public void A_conditional_statement_is_known_by_its_text(string query, bool isConditional) =>
        QueryText.IsConditional(query).ShouldBe(isConditional);

    private static void Should(byte version, byte opcode, Action<FrameWriter> write, string body)
    {
        using var writer = new FrameWriter();
        var start = writer.BeginFrame((ProtocolVersion)version, (Opcode)opcode, 7);
        write(writer);
        writer.EndFrame(start);
        writer.Written.ToArray().ShouldBe(Expected(version, opcode, body));
    }

    private static byte[] Frame(byte version, Statement statement, QueryParameters parameters)
    {
        using var writer = new FrameWriter();
        statement.WriteFrame(writer, (ProtocolVersion)version, 7, parameters);
        return writer.Written.ToArray();
    }

    private static byte[] Expected(byte version, byte opcode, string body)
    {
        var frame = Golden.Frame(version, opcode, body);
        frame[0] = version;
        return frame;
    }
}

namespace OtpActors.Cql.Protocol.Responses;

/// <summary>
/// Native protocol v4 §9. What a code does not have is zero or null; a code that is not known keeps its number and
/// text. Write types are texts: servers send more of them than the specification lists.
/// </summary>
internal sealed record ErrorMessage(ErrorCode Code, string Message)
{
    public ConsistencyLevel Consistency { get; private init; }

    /// <summary>Replicas that answered (Unavailable: that are alive).</summary>
    public int Received { get; private init; }

    /// <summary>Replicas that had to answer.</summary>
    public int Required { get; private init; }

    public bool DataPresent { get; private init; }

    public string? WriteType { get; private init; }

    /// <summary>The id that is not prepared there.</summary>
    public byte[]? UnpreparedId { get; private init; }

    public static ErrorMessage Read(ref FrameReader reader)
    {
        var error = new ErrorMessage((ErrorCode)reader.ReadInt(), reader.ReadString());
        switch (error.Code)
        {
            case ErrorCode.Unavailable: // <cl><required><alive>
                return error with
                {
                    Consistency = (ConsistencyLevel)reader.ReadShort(),
                    Required = reader.ReadInt(),
                    Received = reader.ReadInt(),
                };
            case ErrorCode.WriteTimeout: // <cl><received><blockfor><writeType>
                return ReadCounts(error, ref reader) with { WriteType = reader.ReadString() };
            case ErrorCode.ReadTimeout: // <cl><received><blockfor><data_present>
                return ReadCounts(error, ref reader) with { DataPresent = reader.ReadByte() != 0 };
            case ErrorCode.ReadFailure: // <cl><received><blockfor><numfailures><data_present>
                error = ReadCounts(error, ref reader);
                reader.ReadInt();
                return error with { DataPresent = reader.ReadByte() != 0 };
            case ErrorCode.WriteFailure: // <cl><received><blockfor><numfailures><write_type>
                error = ReadCounts(error, ref reader);
                reader.ReadInt();
                return error with { WriteType = reader.ReadString() };
            case ErrorCode.Unprepared: // [short bytes]
                return error with { UnpreparedId = reader.ReadShortBytes().ToArray() };
            default:
                return error;
        }
    }

    private static ErrorMessage ReadCounts(ErrorMessage error, ref FrameReader reader) => error with
    {
        Consistency = (ConsistencyLevel)reader.ReadShort(),
        Received = reader.ReadInt(),
        Required = reader.ReadInt(),
    };
}

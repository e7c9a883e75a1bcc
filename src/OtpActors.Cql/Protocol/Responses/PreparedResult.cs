namespace OtpActors.Cql.Protocol.Responses;

/// <summary>Native protocol v4 §4.2.5.4. The id is the node's own and is gone when it restarts.</summary>
/// <param name="KeyIndices">Which variables make the partition key, in its order; null in v3, which does not tell.</param>
internal sealed record PreparedResult(byte[] Id, ColumnsMetadata Variables, int[]? KeyIndices)
{
    /// <summary>The result's metadata, which follows, is not wanted: every result brings its own.</summary>
    public static PreparedResult Read(ref FrameReader reader, ProtocolVersion version)
    {
        var id = reader.ReadShortBytes().ToArray();
        var variables = ColumnsMetadata.ReadOfVariables(ref reader, version, out var keyIndices);
        if (keyIndices is not null && Array.Exists(keyIndices, index => index >= variables.Columns.Count))
        {
            throw new ProtocolException("a partition key's index beyond the variables");
        }

        return new PreparedResult(id, variables, keyIndices);
    }
}

using Akka.Actor;
using Akka.Hosting;
using Microsoft.AspNetCore.Http.HttpResults;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Schedules;
using OtpActors.Triggers;
using OtpActors.Triggers.Schedules;

namespace OtpActors.Api;

/// <summary><c>/api/schedules</c>: what is run again and again.</summary>
internal static class ScheduleEndpoints
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    public static void MapSchedules(this RouteGroupBuilder api)
    {
        var schedules = api.MapGroup("/schedules").WithTags("Schedules");
        schedules.MapGet("", ListAsync).Needs(ApiScope.Read).WithSummary("List schedules, by name");
        schedules.MapPost("", CreateAsync).Needs(ApiScope.Operate)
            .WithSummary("Make a schedule")
            .WithDescription("A due time makes one run, however often the service is restarted around it.")
            .ProducesProblem(400).ProducesProblem(409);
        schedules.MapGet("/{name}", GetAsync).Needs(ApiScope.Read)
            .WithSummary("Show a schedule and its next five due times").ProducesProblem(404);
        schedules.MapPut("/{name}", PutAsync).Needs(ApiScope.Operate)
            .WithSummary("Make or replace a schedule")
            .WithDescription("A masked password or address that comes back as it was shown stays what it was. Where the times change, those before now do not count.")
            .Produces<ScheduleDocument>(201).ProducesProblem(400);
        schedules.MapDelete("/{name}", DeleteAsync).Needs(ApiScope.Operate)
            .WithSummary("Remove a schedule").WithDescription("Its runs stay.").ProducesProblem(404);
        schedules.MapPost("/{name}/pause", PauseAsync).Needs(ApiScope.Operate)
            .WithSummary("Let due times pass without a run").WithDescription("Those of a pause are neither caught up with nor missed.").ProducesProblem(404);
        schedules.MapPost("/{name}/resume", ResumeAsync).Needs(ApiScope.Operate)
            .WithSummary("Let due times from now on count").ProducesProblem(404);
        schedules.MapPost("/{name}/trigger", TriggerAsync).Needs(ApiScope.Operate)
            .WithSummary("Start a schedule's run now").WithDescription("Beside its due times, whether it is enabled or not.").ProducesProblem(404);
    }

    private static async Task<Ok<ScheduleList>> ListAsync(IRequiredActor<ScheduleKeeper> keeper, TimeProvider time, CancellationToken cancellationToken) =>
        await AskAsync(keeper, new ScheduleMessages.List(), cancellationToken) is ScheduleMessages.Listed listed
            ? TypedResults.Ok(new ScheduleList([.. listed.Schedules.Select(state => ScheduleDocument.From(state, time.GetUtcNow()))]))
            : throw new RunRefusedException("the schedules cannot be read");

    private static async Task<Created<ScheduleDocument>> CreateAsync(
        ScheduleForm form, IRequiredActor<ScheduleKeeper> keeper, RunDefaults defaults, TimeProvider time, CancellationToken cancellationToken)
    {
        var found = await FindAsync(keeper, new ScheduleMessages.Create(form.ToDefinition(null, null, defaults)), cancellationToken);
        return TypedResults.Created($"/api/schedules/{found.State.Name}", ScheduleDocument.From(found.State, time.GetUtcNow()));
    }

    private static async Task<Ok<ScheduleDocument>> GetAsync(
        string name, IRequiredActor<ScheduleKeeper> keeper, TimeProvider time, CancellationToken cancellationToken) =>
        Shown(await FindAsync(keeper, new ScheduleMessages.Get(name), cancellationToken), time);

    private static async Task<Results<Created<ScheduleDocument>, Ok<ScheduleDocument>>> PutAsync(
        string name, ScheduleForm form, IRequiredActor<ScheduleKeeper> keeper, RunDefaults defaults, TimeProvider time, CancellationToken cancellationToken)
    {
        var current = await AskAsync(keeper, new ScheduleMessages.Get(name), cancellationToken) as ScheduleMessages.Found;
        var definition = form.ToDefinition(name, current?.State.Definition, defaults);
        var found = await FindAsync(keeper, new ScheduleMessages.Put(definition), cancellationToken);
        return found.Created
            ? TypedResults.Created($"/api/schedules/{name}", ScheduleDocument.From(found.State, time.GetUtcNow()))
            : Shown(found, time);
    }

    private static async Task<NoContent> DeleteAsync(string name, IRequiredActor<ScheduleKeeper> keeper, CancellationToken cancellationToken)
    {
        await FindAsync(keeper, new ScheduleMessages.Delete(name), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<ScheduleDocument>> PauseAsync(
        string name, IRequiredActor<ScheduleKeeper> keeper, TimeProvider time, CancellationToken cancellationToken) =>
        Shown(await FindAsync(keeper, new ScheduleMessages.Enable(name, false), cancellationToken), time);

    private static async Task<Ok<ScheduleDocument>> ResumeAsync(
        string name, IRequiredActor<ScheduleKeeper> keeper, TimeProvider time, CancellationToken cancellationToken) =>
        Shown(await FindAsync(keeper, new ScheduleMessages.Enable(name, true), cancellationToken), time);

    private static async Task<Accepted<RunDocument>> TriggerAsync(
        string name, IRequiredActor<ScheduleKeeper> keeper, IRunStarter starter, TimeProvider time, CancellationToken cancellationToken)
    {
        var definition = (await FindAsync(keeper, new ScheduleMessages.Get(name), cancellationToken)).State.Definition;
        var started = await starter.StartAsync(
            $"{name}-{RunIds.New(time)}", definition.Request.With(definition.Overlap), new RunTrigger(TriggerKind.Http), cancellationToken);
        await AskAsync(keeper, new ScheduleMessages.NoteRun(name, started.State.RunId), cancellationToken); // deleted meanwhile: no matter
        return TypedResults.Accepted($"/api/runs/{started.State.RunId}", RunDocument.From(started.State));
    }

    private static Ok<ScheduleDocument> Shown(ScheduleMessages.Found found, TimeProvider time) =>
        TypedResults.Ok(ScheduleDocument.From(found.State, time.GetUtcNow()));

    private static async Task<ScheduleMessages.Found> FindAsync(IRequiredActor<ScheduleKeeper> keeper, object message, CancellationToken cancellationToken) =>
        await AskAsync(keeper, message, cancellationToken) switch
        {
            ScheduleMessages.Found found => found,
            ScheduleMessages.Refused refused => throw new ApiProblemException(
                StatusCodes.Status409Conflict, "schedule_refused", $"{refused.Reason}.", "name", "PUT /api/schedules/{name} replaces one."),
            ScheduleMessages.Failed failed => throw new RunRefusedException($"the schedule cannot be kept: {failed.Reason}"),
            _ => throw new ApiProblemException(
                StatusCodes.Status404NotFound, "unknown_schedule", "There is no such schedule.", "name", "GET /api/schedules lists them."),
        };

    private static async Task<object> AskAsync(IRequiredActor<ScheduleKeeper> keeper, object message, CancellationToken cancellationToken)
    {
        try
        {
            return await keeper.ActorRef.Ask<object>(message, Patience, cancellationToken);
        }
        catch (AskTimeoutException)
        {
            throw new RunRefusedException("the schedules cannot be read; the log says why");
        }
    }
}

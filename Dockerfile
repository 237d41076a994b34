# docker build -t samlauth .
# docker run -it -v ~/.aws:/root/.aws samlauth -u USER -I IDPID -S SPID -p sts-temp
#
# Root by default, because that is whose ~/.aws is mounted above; files come out with the owner of
# the folder they lie in. As yourself:
# docker run -it --user $(id -u):$(id -g) -e HOME=/home/app -v ~/.aws:/home/app/.aws samlauth …
ARG PYTHON=python:3.13-slim

FROM $PYTHON AS build
# Such as [secrets] or [sandbox].
ARG EXTRAS=
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY . .
RUN pip wheel --wheel-dir /wheels ".$EXTRAS"

FROM $PYTHON
ARG EXTRAS=
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY --from=build /wheels /wheels
RUN pip install --no-index --find-links /wheels "samlauth$EXTRAS" && rm -r /wheels
ENTRYPOINT ["samlauth"]
